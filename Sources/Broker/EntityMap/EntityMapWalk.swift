import ContextModel

/// Goes through the entries of a map from an offset until a page is full, and one entity further to
/// know whether there is a next one.
///
/// A value: whoever looks the entities up waits outside.
struct EntityMapWalk: Sendable {
    private let entries: EntityMapEntries
    private let offset: Int
    private let limit: Int
    private var position: Int
    private var turns = 0
    private var asked: [(place: Int, id: EntityID)] = []
    private(set) var page: [EntityID] = []
    /// Where the next page begins; nil when this is the last.
    private(set) var nextPage: Int?
    /// What the map lists and the query does not find.
    private(set) var unfit: Set<EntityID> = []

    private static let maximumDoublings = 6

    init(_ entries: EntityMapEntries, offset: Int, limit: Int) {
        self.entries = entries
        self.offset = offset
        self.limit = limit
        position = offset
    }

    /// The entities to look up next; nil when the page is done.
    mutating func next() -> Set<EntityID>? {
        guard limit > 0, nextPage == nil else { return nil }
        asked = []
        // Where little fits, more is looked at each time.
        let wanted = (limit - page.count + 1) << min(turns, Self.maximumDoublings)
        turns += 1
        while position < entries.places.count, asked.count < wanted {
            if let id = entries.places[position] { asked.append((position, id)) }
            position += 1
        }
        return asked.isEmpty ? nil : Set(asked.map(\.id))
    }

    /// Goes on with what was found of them.
    mutating func take(_ found: Set<EntityID>) {
        for (place, id) in asked {
            if !found.contains(id) {
                unfit.insert(id)
            } else if page.count < limit {
                page.append(id)
            } else {
                nextPage = place
                return
            }
        }
    }

    func use(of map: EntityMap, isNew: Bool) -> EntityMapUse {
        EntityMapUse(
            id: map.id,
            isNew: isNew,
            previous: entries.previousPage(before: offset, limit: limit),
            next: nextPage
        )
    }
}
