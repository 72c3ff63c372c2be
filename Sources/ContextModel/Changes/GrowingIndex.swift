/// An index of a list that only grows at its end, by the keys of its elements.
///
/// It compares a few elements one by one, which is faster than hashing. When there are many, it
/// hashes each once, so that looking up as many keys as there are elements takes linear time.
struct GrowingIndex<Key: Hashable> {
    private static var maximumCompared: Int { 16 }
    private var places: [Key: Int] = [:]
    /// The number of elements that `places` has.
    private var known = 0
    /// The indexes of elements that were removed and are still in the list.
    private var removed: Set<Int> = []

    /// The index of the first element with the key; nil when there is none.
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

    /// Removes the element from the index; the list keeps it, so that indexes stay valid.
    mutating func remove(_ place: Int, of key: Key) {
        removed.insert(place)
        places[key] = nil
    }

    /// The list without the removed elements.
    func compacted<Element>(_ list: [Element]) -> [Element] {
        guard !removed.isEmpty else { return list }
        return list.indices.lazy.filter { !removed.contains($0) }.map { list[$0] }
    }
}
