package import ContextModel

/// Whether data may cross a border: what is asked of a table of rules.
package struct BorderQuestion: Sendable, Hashable {
    /// The state whose law the data is under.
    package var source: StateCode
    /// The state that it would reach.
    package var destination: StateCode
    /// The states on the way, where it is held, too: a hub that relays it, a copy, a statistic made of it.
    ///
    /// The crossings grow with the square of their number (`longestWay`).
    package var via: [StateCode]
    /// States on the way of a question from outside at most.
    package static let longestWay = 10
    /// Nil for a category that is not known, which no rule permits.
    package var category: DataCategory?
    package var controller: ControllerSector
    package var transfer: TransferKind
    /// The day of the transfer.
    package var date: CivilDate
    /// How many people the data of the destination is about with this transfer, where it is counted.
    package var people: Int?
    /// What the city has to base the transfer on.
    package var grounds: Set<TransferGround>

    package init(
        from source: StateCode,
        to destination: StateCode,
        via: [StateCode] = [],
        category: DataCategory?,
        controller: ControllerSector,
        transfer: TransferKind = .transfer,
        date: CivilDate,
        people: Int? = nil,
        grounds: Set<TransferGround> = []
    ) {
        self.source = source
        self.destination = destination
        self.via = via
        self.category = category
        self.controller = controller
        self.transfer = transfer
        self.date = date
        self.people = people
        self.grounds = grounds
    }

    /// The grounds that were named, and those that the question has by itself.
    var allGrounds: Set<TransferGround> {
        var all = grounds
        if transfer == .transit { all.insert(.inTransit) }
        if category == .public { all.insert(.publiclyAvailable) }
        return all
    }

    /// The crossings of a chain A → B → C: the data stays under A's law wherever it goes, and is under B's as
    /// well once B holds it.
    ///
    /// For this question alone there is one.
    var crossings: [BorderQuestion] {
        let holders = [source] + via
        let reached = via + [destination]
        return holders.indices.flatMap { holder in
            reached[holder...].map { state in
                var crossing = self
                crossing.source = holders[holder]
                crossing.destination = state
                crossing.via = []
                return crossing
            }
        }
    }
}
