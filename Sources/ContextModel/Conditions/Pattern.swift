import Synchronization

/// A POSIX extended regular expression (IEEE 1003.2, as clause 4.9 requires), checked at its
/// creation.
///
/// It matches when it is found anywhere in the text; `^` and `$` anchor it. It works on bytes of
/// UTF-8, so `.` is one byte. Back-references are refused, because they take exponential time. The
/// cost of a search is proportional to the pattern and the text (docs/decisions/0052-budgets.md).
package struct Pattern: Sendable {
    package let text: String
    private let compiled: CompiledPattern

    /// Bytes of one pattern.
    package static let maximumBytes = 512
    /// The greatest number in `{m,n}`.
    static let maximumCount = 1_024
    /// The depth of nested parentheses.
    static let maximumDepth = 100
    /// The states of the automata of all patterns of a request, a subscription or a registration.
    package static let maximumStates = 1_024
    /// The patterns of a request, a subscription or a registration.
    package static let maximumTogether = 64
    /// The bytes of a text that is searched; a longer text never matches.
    package static let maximumInputBytes = 4_096

    /// Compiles the pattern; throws a sentence that says what is wrong with it.
    package init(_ text: String) throws(PatternError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw PatternError("The pattern is longer than \(Self.maximumBytes) bytes.")
        }
        self.text = text
        compiled = try CompiledPattern(text)
    }

    /// Whether the pattern is found in the input.
    ///
    /// The answer means nothing once the budget is spent.
    package func matches(_ input: String, within budget: DecisionBudget? = nil) -> Bool {
        input.utf8.count <= Self.maximumInputBytes && compiled.isFound(in: input, within: budget)
    }

    fileprivate var stateCount: Int { compiled.stateCount }
}

extension Pattern: Hashable {
    package static func == (a: Pattern, b: Pattern) -> Bool { a.text == b.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// The reason why a text is not a pattern, or why patterns are too large together.
package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }

    static let tooLarge = PatternError(
        "The repetitions of the pattern, {m,n} or +, are too large."
    )
}

/// Counts the patterns of a request, a subscription or a registration.
package struct PatternCount: Sendable {
    private var patterns = 0
    private var states = 0

    package init() {}

    /// Adds a pattern; throws when there are too many, or they are too large together.
    package mutating func add(_ pattern: Pattern) throws(PatternError) {
        patterns += 1
        states += pattern.stateCount
        guard patterns <= Pattern.maximumTogether else {
            throw PatternError(
                "There are more than \(Pattern.maximumTogether) regular expressions."
            )
        }
        guard states <= Pattern.maximumStates else {
            throw PatternError("The regular expressions are too large together.")
        }
    }
}

extension Condition {
    /// Throws when it has too many patterns, or they are too large together.
    package func checkPatterns() throws(PatternError) {
        var count = PatternCount()
        try addPatterns(to: &count)
    }

    /// Adds its patterns to the count.
    package func addPatterns(to count: inout PatternCount) throws(PatternError) {
        switch self {
        case .all(let parts), .any(let parts):
            for part in parts { try part.addPatterns(to: &count) }
        case .not(let part): try part.addPatterns(to: &count)
        case .idPattern(let pattern): try count.add(pattern)
        case .value(let test):
            switch test.comparison {
            case .matches(let pattern), .matchesNot(let pattern): try count.add(pattern)
            default: break
            }
        case .linked(let test): try test.target.addPatterns(to: &count)
        case .everything, .nothing, .ids, .type, .scope, .attribute, .geometry, .decided: break
        }
    }
}

/// A compiled pattern, which caches states of its automaton.
private final class CompiledPattern: Sendable {
    private let automaton: Mutex<PatternAutomaton>
    let stateCount: Int

    init(_ text: String) throws(PatternError) {
        let made = try PatternAutomaton(try PatternParser.parse(text))
        stateCount = made.stateCount
        automaton = Mutex(made)
    }

    /// Whether it is found in the input.
    func isFound(in input: String, within budget: DecisionBudget?) -> Bool {
        var input = input
        let (isFound, isNew) = input.withUTF8 { bytes in
            automaton.withLock { automaton in
                // With too small a budget nothing is cached, and no other pattern loses its cache.
                let remembered = automaton.hasCache
                let isFound = automaton.isFound(in: bytes, within: budget)
                return (isFound, !remembered && automaton.hasCache)
            }
        }
        if isNew { RememberingPatterns.all.note(self)?.forget() }
        return isFound
    }

    func forget() { automaton.withLock { $0.forget() } }
}

/// The patterns that keep a cache: only the newest, however many patterns there are.
///
/// Patterns of a request end with it, but those of subscriptions stay.
private final class RememberingPatterns: Sendable {
    static let all = RememberingPatterns()
    private static let most = 1_024

    private struct Place {
        weak var pattern: CompiledPattern?
    }
    private struct Ring {
        var places: [Place] = []
        var next = 0
    }
    private let ring = Mutex(Ring())

    /// Adds the pattern; returns the one that loses its cache.
    func note(_ pattern: CompiledPattern) -> CompiledPattern? {
        ring.withLock { ring in
            guard ring.places.count == Self.most else {
                ring.places.append(Place(pattern: pattern))
                return nil
            }
            let former = ring.places[ring.next].pattern
            ring.places[ring.next].pattern = pattern
            ring.next = (ring.next + 1) % Self.most
            return former
        }
    }
}
