/// First in, first out; taking from the front costs little.
///
/// This type and the shares are used while a lock is held for everybody, so they are inlinable: generic
/// code that is not made for its types takes many times as long. They are public because the compiler
/// inlines across modules what is public, and not what is of the package.
public struct Queue<Element> {
    @usableFromInline var elements: [Element] = []
    @usableFromInline var head = 0

    /// Makes an empty queue.
    @inlinable public init() {}

    /// How many elements there are.
    @inlinable public var count: Int { elements.count - head }
    /// Whether there is none.
    @inlinable public var isEmpty: Bool { head == elements.count }

    /// Puts the element behind the others.
    @inlinable public mutating func append(_ element: Element) { elements.append(element) }

    /// Puts elements back before the others, in their order.
    @inlinable public mutating func prepend(_ first: some Collection<Element>) {
        guard first.count <= head else {
            elements.replaceSubrange(..<head, with: first)
            head = 0
            return
        }
        elements.replaceSubrange(head - first.count..<head, with: first)
        head -= first.count
    }

    /// The first ones, still in the queue.
    @inlinable public func prefix(_ count: Int) -> ArraySlice<Element> {
        elements[head...].prefix(count)
    }

    /// Takes so many out; more than there are stops the program.
    @inlinable public mutating func removeFirst(_ count: Int) {
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

    /// Takes the first out; nil when there is none.
    @inlinable public mutating func popFirst() -> Element? {
        guard let first = prefix(1).first else { return nil }
        removeFirst(1)
        return first
    }
}

extension Queue: Sendable where Element: Sendable {}
