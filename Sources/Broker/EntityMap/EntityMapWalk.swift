import ContextModel

/// Walks the entries of a map from an offset until a page is full, and one entity further to see
/// whether a page follows.
///
/// It is a value; its owner looks the entities up.
struct EntityMapWalk: Sendable {
    private let entries: EntityMapEntries
    private let offset: Int
    private let limit: Int
    private var position: Int
    private var turns = 0
    private var asked: [(place: Int, id: EntityID)] = []
    private(set) var page: [EntityID] = []
    /// The offset of the next page; nil when this is the last.
    private(set) var nextPage: Int?
    /// The entities in the map that the query does not find.
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
        // When few entities match, the number grows with each round.
        let wanted = (limit - page.count + 1) << min(turns, Self.maximumDoublings)
        turns += 1
        while position < entries.places.count, asked.count < wanted {
            if let id = entries.places[position] { asked.append((position, id)) }
            position += 1
        }
        return asked.isEmpty ? nil : Set(asked.map(\.id))
    }

    /// Continues with the entities that were found.
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
