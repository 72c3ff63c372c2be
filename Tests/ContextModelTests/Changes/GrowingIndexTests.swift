import Testing

@testable import ContextModel

@Suite struct GrowingIndexTests {
    @Test(arguments: 0..<20)
    func `it finds the same as a scan of the list, after any removals`(seed: Int) {
        var dice = SystemRandomNumberGenerator()
        var list: [Int] = []
        var removed: Set<Int> = []
        var index = GrowingIndex<Int>()
        for _ in 0..<200 {
            let key = Int.random(in: 0..<40, using: &dice)
            let place = index.place(of: key, in: list, by: { $0 })
            #expect(place == list.indices.first { list[$0] == key && !removed.contains($0) })
            if let place, Bool.random(using: &dice) {
                index.remove(place, of: key)
                removed.insert(place)
            } else if place == nil {
                list.append(key)
            }
        }
        let left = list.indices.filter { !removed.contains($0) }.map { list[$0] }
        #expect(index.compacted(list) == left)
    }
}
