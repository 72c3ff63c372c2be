/// Finds the elements of a list by their keys, where the list only grows at its end.
///
/// A few are compared one by one, which is faster than hashing. Of many each is hashed once, so that
/// looking up as many keys as there are elements takes time in proportion to their number.
struct GrowingIndex<Key: Hashable> {
    private static var maximumCompared: Int { 16 }
    private var places: [Key: Int] = [:]
    /// How many elements were looked at for `places`.
    private var known = 0
    /// Places of elements that the list still has and that count no more.
    private var removed: Set<Int> = []

    /// The place of the first element that has the key; nil when none has it.
    mutating func place<Element>(
        of key: Key,
        in list: [Element],
        by path: (Element) -> Key
    ) -> Int? {
        guard list.count > Self.maximumCompared else {
            return list.indices.first { path(list[$0]) == key && !removed.contains($0) }
        }
        while known < list.count {
            let element = path(list[known])
            if !removed.contains(known), places[element] == nil { places[element] = known }
            known += 1
        }
        return places[key]
    }

    /// Takes the element out of what is found; the list keeps it, so that places stay.
    mutating func remove(_ place: Int, of key: Key) {
        removed.insert(place)
        places[key] = nil
    }

    /// The list without what was removed.
    func compacted<Element>(_ list: [Element]) -> [Element] {
        guard !removed.isEmpty else { return list }
        return list.indices.lazy.filter { !removed.contains($0) }.map { list[$0] }
    }
}
