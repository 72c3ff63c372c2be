import Testing

@testable import StorageMemory

@Suite struct CreationOrderTests {
    @Test func `elements stay in the order of creation after any additions and removals`() {
        var order = CreationOrder<Int, Int>()
        var expected: [Int] = []
        for id in 0..<500 {
            order[id] = id
            expected.append(id)
            // All but each tenth are removed, so that places are compacted in between.
            guard id % 10 != 0, id > 20 else { continue }
            order[id - 20] = nil
            expected.removeAll { $0 == id - 20 }
        }
        #expect(order.elements == expected)
        #expect(order.count == expected.count)
        #expect(expected.allSatisfy { order[$0] == $0 })
        order[expected[3]] = -1
        #expect(order.elements[3] == -1)
        order[expected[0]] = nil
        order[expected[0]] = -2
        #expect(order.elements.last == -2)
    }
}
