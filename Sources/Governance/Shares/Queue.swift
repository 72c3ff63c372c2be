/// First in, first out; taking from the front costs little.
///
/// It is inlinable, like all that is used while a lock is held for everybody: generic code that is
/// not made for its types takes many times as long.
package struct Queue<Element> {
    @usableFromInline var elements: [Element] = []
    @usableFromInline var head = 0

    @inlinable package init() {}

    @inlinable package var count: Int { elements.count - head }
    @inlinable package var isEmpty: Bool { head == elements.count }

    @inlinable package mutating func append(_ element: Element) { elements.append(element) }

    /// Puts elements back before the others, in their order.
    @inlinable package mutating func prepend(_ first: some Collection<Element>) {
        guard first.count <= head else {
            elements.replaceSubrange(..<head, with: first)
            head = 0
            return
        }
        elements.replaceSubrange(head - first.count..<head, with: first)
        head -= first.count
    }

    /// The first ones, still in the queue.
    @inlinable package func prefix(_ count: Int) -> ArraySlice<Element> {
        elements[head...].prefix(count)
    }

    @inlinable package mutating func removeFirst(_ count: Int) {
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

    @inlinable package mutating func popFirst() -> Element? {
        guard let first = prefix(1).first else { return nil }
        removeFirst(1)
        return first
    }
}

extension Queue: Sendable where Element: Sendable {}
