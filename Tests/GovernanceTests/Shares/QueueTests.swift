import Governance
import Testing

struct QueueTests {
    @Test func `what is appended first is removed first, after any number of others`() {
        var queue = Queue<Int>()
        var next = 0
        for number in 0..<1_000 {
            queue.append(number)
            if number.isMultiple(of: 3) {
                #expect(queue.popFirst() == next)
                next += 1
            }
        }
        #expect(queue.count == 1_000 - next)
        #expect(Array(queue.prefix(2)) == [next, next + 1])
        queue.prepend([-2, -1])
        #expect(Array(queue.prefix(3)) == [-2, -1, next])
        queue.removeFirst(queue.count)
        queue.append(1)
        queue.prepend([0])
        #expect(Array(queue.prefix(9)) == [0, 1])
        queue.removeFirst(queue.count)
        #expect(queue.isEmpty)
        #expect(queue.popFirst() == nil)
    }
}
