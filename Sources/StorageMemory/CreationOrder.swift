/// A dictionary that keeps its elements in the order of creation.
struct CreationOrder<ID: Hashable & Sendable, Element: Sendable>: Sendable {
    /// The most empty places before the elements are moved together.
    private static var maximumGaps: Int { 64 }

    private var slots: [Element?] = []
    private var places: [ID: Int] = [:]

    var count: Int { places.count }

    /// Setting an element again keeps its place; setting one after its removal puts it last.
    subscript(id: ID) -> Element? {
        get { places[id].flatMap { slots[$0] } }
        set {
            if let place = places[id] {
                slots[place] = newValue
                if newValue == nil { remove(id) }
            } else if let newValue {
                places[id] = slots.count
                slots.append(newValue)
            }
        }
    }

    var elements: [Element] { slots.compactMap(\.self) }

    private mutating func remove(_ id: ID) {
        places[id] = nil
        guard slots.count > 2 * places.count + Self.maximumGaps else { return }
        let order = places.sorted { $0.value < $1.value }
        slots = order.map { slots[$0.value] }
        places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1.key, $0) })
    }
}
