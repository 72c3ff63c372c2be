/// First in, first out; taking from the front costs little.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    /// The first ones, still in the queue.
    func prefix(_ count: Int) -> ArraySlice<Element> { elements[head...].prefix(count) }

    mutating func removeFirst(_ count: Int) {
        head += count
        precondition(head <= elements.count, "more is taken than there is")
        // Moved once for every so many taken, so that each costs little.
        guard head >= 64, head * 2 >= elements.count else {
            if isEmpty { self = Queue() }
            return
        }
        elements.removeFirst(head)
        head = 0
    }

    mutating func popFirst() -> Element? {
        guard let first = prefix(1).first else { return nil }
        removeFirst(1)
        return first
    }
}
