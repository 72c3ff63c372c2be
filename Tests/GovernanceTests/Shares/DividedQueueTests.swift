import Governance
import Testing

/// Waiting for places of which one holder's are shared out once more among its parts.
@Suite struct DividedQueueTests {
    private typealias Queue = DividedQueue<String, Int, Int>

    private func drain(_ queue: inout Queue) -> [Int] {
        var all: [Int] = []
        while let next = queue.popNext() { all.append(next.element) }
        return all
    }

    @Test func `one part has half of what all parts have, and a new holder gets its share`() {
        var queue = Queue(places: 8, dividing: "many")
        for number in 0..<10 { queue.append(number, of: "many", 1) }
        #expect(drain(&queue) == [0, 1])
        for number in 10..<20 { queue.append(number, of: "many", 2) }
        #expect(drain(&queue) == [10])
        for number in 20..<30 { queue.append(number, of: "one", nil) }
        #expect(drain(&queue) == [20, 21, 22])
        for _ in 0..<2 { queue.giveBack("many", 1) }
        #expect(drain(&queue) == [2])
        #expect(queue.count(of: "many", 1) == 7)
        #expect(queue.count(of: "many", 2) == 9)
        #expect(queue.count(of: "one", nil) == 7)
    }

    @Test func `parts take turns among themselves, and as one with the other holders`() {
        var queue = Queue(places: .max, dividing: "many")
        for part in 0..<3 {
            for number in 0..<2 { queue.append(10 * part + number, of: "many", part) }
        }
        for number in 100..<103 { queue.append(number, of: "one", nil) }
        var order: [Int] = []
        while let (element, holder, part) = queue.popNext() {
            order.append(element)
            queue.giveBack(holder, part)
        }
        #expect(order == [0, 100, 10, 101, 20, 102, 1, 11, 21])
        #expect(queue.isEmpty)
    }

    @Test func `when all places are returned, nobody has had more than others`() {
        var queue = Queue(places: .max, dividing: "many")
        for number in 0..<4 { queue.append(number, of: "many", 0) }
        #expect(queue.popNext()?.element == 0)
        #expect(queue.popNext()?.element == 1)
        for number in 10..<12 { queue.append(number, of: "many", 1) }
        for number in 20..<23 { queue.append(number, of: "one", nil) }
        queue.giveBackAll()
        #expect(drain(&queue) == [2, 20, 10, 21, 3, 22, 11])
    }

    @Test func `elements that wait no longer are removed from each part's front`() {
        var queue = Queue(places: .max, dividing: "many")
        for number in 0..<4 { queue.append(number, of: "many", number % 2) }
        for number in 4..<6 { queue.append(number, of: "one", nil) }
        #expect(Set(queue.removeFirst { $0 < 2 || $0 == 4 }) == [0, 1, 4])
        #expect(Set(queue.firsts) == [2, 3, 5])
        #expect(Set(drain(&queue)) == [2, 3, 5])
        #expect(queue.isEmpty)
    }
}
