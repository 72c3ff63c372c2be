import Broker
import ContextModel
import Storage

/// What a visitor of a type's page asks for: some of its entities, and days of their past.
struct RowsQuestion: Sendable {
    /// The rows of a page.
    static let rowLimit = 50
    /// The most entities on the map of the page.
    static let placeLimit = 1_000

    /// The name of the type, as the page *Data* has it.
    let type: String
    /// A condition in the standard's query language (clause 4.9); empty for none.
    var filter = ""
    /// Days of UTC such as `2026-01-31`, the last one included; empty for no limit.
    var firstDay = ""
    var lastDay = ""
    var offset = 0

    init(_ items: QueryItems) throws(BrokerError) {
        guard let type = try items.text("type") else {
            throw BrokerError(.badRequestData, "The page needs the parameter 'type'.")
        }
        self.type = type
        filter = items["q"] ?? ""
        firstDay = items["from"] ?? ""
        lastDay = items["to"] ?? ""
        offset = try items.offset()
    }

    /// The moments between which readings are asked for, the second one excluded; nil for no limit.
    func range() throws(BrokerError) -> (from: Timestamp?, to: Timestamp?) {
        let from = try Self.moment(firstDay)
        let to = try Self.moment(lastDay).map {
            Timestamp(microseconds: $0.microseconds + Self.microsecondsPerDay)
        }
        if let from, let to, from >= to {
            throw BrokerError(.badRequestData, "\(firstDay) is later than \(lastDay).")
        }
        return (from, to)
    }

    static let microsecondsPerDay: Int64 = 86_400_000_000

    private static func moment(_ day: String) throws(BrokerError) -> Timestamp? {
        if day.isEmpty { return nil }
        guard day.utf8.count == 10, let moment = Timestamp(day + "T00:00:00Z") else {
            throw BrokerError(.badRequestData, "'\(day)' is not a day such as 2026-01-31.")
        }
        return moment
    }

    // MARK: For the API

    /// The parameters with which the API selects the same entities.
    var selection: String {
        let q = filter.isEmpty ? "" : "&q=" + QueryItems.encode(filter)
        return "type=\(QueryItems.encode(type))\(q)"
    }

    /// The parameters of the API for the days, with `&` before each; empty without days.
    func selectionOfDays() throws(BrokerError) -> String {
        let (from, to) = try range()
        return switch (from, to) {
        case (let from?, let to?): "&timerel=between&timeAt=\(from.text)&endTimeAt=\(to.text)"
        case (let from?, nil): "&timerel=after&timeAt=\(from.text)"
        case (nil, let to?): "&timerel=before&timeAt=\(to.text)"
        case (nil, nil): ""
        }
    }

    /// The parameters of this page, for links.
    func link(_ change: (inout RowsQuestion) -> Void) -> [(name: String, value: String)] {
        var question = self
        change(&question)
        let all = [
            ("type", question.type), ("q", question.filter), ("from", question.firstDay),
            ("to", question.lastDay), ("offset", question.offset == 0 ? "" : "\(question.offset)"),
        ]
        return all.filter { !$0.1.isEmpty }
    }
}
