import Synchronization

/// A POSIX extended regular expression (IEEE 1003.2, as clause 4.9 demands), checked when made.
///
/// It matches when it is found anywhere in the text; `^` and `$` tie it to the ends. Bytes of UTF-8
/// are compared: `.` is one byte. Back-references are refused, for they take exponential time. What a
/// search costs is in proportion to pattern and text (docs/decisions/0052-budgets.md).
package struct Pattern: Sendable {
    package let text: String
    private let compiled: CompiledPattern

    /// Bytes of one pattern.
    package static let maximumBytes = 512
    /// Characters of a pattern once its `{m,n}` and `+` are written out.
    package static let maximumExpandedSize = 1_024
    /// Parentheses inside one another.
    static let maximumDepth = 100
    /// States of the automata of all patterns of a request, a subscription or a registration.
    package static let maximumStates = 1_024
    /// Patterns of a request, a subscription or a registration.
    package static let maximumTogether = 64
    /// Bytes of a text that is searched; a longer one never matches.
    package static let maximumInputBytes = 4_096

    /// Compiles the pattern, or says in a sentence why it is none.
    package init(_ text: String) throws(PatternError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw PatternError("The pattern is longer than \(Self.maximumBytes) bytes.")
        }
        self.text = text
        try PatternCheck.check(Array(text.utf8))
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

/// Why a text is no pattern, or patterns are too much together.
package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Counts the patterns of a request, a subscription or a registration.
package struct PatternCount: Sendable {
    private var patterns = 0
    private var states = 0

    package init() {}

    /// Throws when it is one too many, or they are too large together.
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
    /// Throws when it has more patterns, or larger ones, than may be together.
    package func checkPatterns() throws(PatternError) {
        var count = PatternCount()
        try addPatterns(to: &count)
    }

    /// Counts its patterns.
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
        case .everything, .nothing, .ids, .type, .scope, .attribute, .geometry: break
        }
    }
}

/// A pattern that is ready to search with, and remembers what it met.
private final class CompiledPattern: Sendable {
    private let automaton: Mutex<PatternAutomaton>
    let stateCount: Int

    init(_ text: String) throws(PatternError) {
        let made = try PatternAutomaton(try PatternParser.parse(text))
        stateCount = made.stateCount
        automaton = Mutex(made)
    }

    /// Whether it is found; a text with U+0000 in it is none that POSIX patterns speak about.
    func isFound(in input: String, within budget: DecisionBudget?) -> Bool {
        var input = input
        let (isFound, isNew) = input.withUTF8 { bytes in
            guard !bytes.contains(0) else { return (false, false) }
            return automaton.withLock { automaton in
                let isNew = !automaton.remembers
                return (automaton.isFound(in: bytes, within: budget), isNew)
            }
        }
        if isNew { RememberingPatterns.all.note(self)?.forget() }
        return isFound
    }

    func forget() { automaton.withLock { $0.forget() } }
}

/// The patterns that remember what they met: the newest of them alone, however many are kept.
///
/// Those of a request go with it, but those of subscriptions stay.
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

    /// The pattern whose place it takes.
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

/// Looks through a pattern for what would make it slow or huge.
private enum PatternCheck {
    static func check(_ bytes: [UInt8]) throws(PatternError) {
        var groups = [0]  // size of each open group
        var lastAtom = 0
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0:
                throw PatternError("The pattern has the character U+0000 in it.")
            case UInt8(ascii: "\\"):
                index += 1
                if index < bytes.count, (0x30...0x39).contains(bytes[index]) {
                    throw PatternError("Back-references such as \\1 are not supported.")
                }
                lastAtom = 1
                groups[groups.count - 1] += 1
            case UInt8(ascii: "["):
                index = endOfBracket(bytes, from: index)
                lastAtom = 1
                groups[groups.count - 1] += 1
            case UInt8(ascii: "("):
                groups.append(1)
                guard groups.count <= Pattern.maximumDepth + 1 else {
                    throw PatternError(
                        "Its parentheses are more than \(Pattern.maximumDepth) deep."
                    )
                }
            case UInt8(ascii: ")"):
                guard groups.count > 1, let size = groups.popLast() else {
                    throw PatternError("A parenthesis is closed that was not opened.")
                }
                lastAtom = size
                groups[groups.count - 1] += size
            case UInt8(ascii: "{"):
                let extra = lastAtom * (largestCount(bytes, from: index) - 1)
                groups[groups.count - 1] += extra
                lastAtom += extra
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
                // IEEE 1003.2 leaves the meaning of `a**` undefined, so it is refused.
                if index > 0, bytes[index - 1] == UInt8(ascii: "*") {
                    throw PatternError("The pattern repeats a repetition, as in a**.")
                }
                // `a+` is written out as `aa*`, and so `((a+)+)+` grows without end.
                if bytes[index] == UInt8(ascii: "+") {
                    groups[groups.count - 1] += lastAtom
                    lastAtom *= 2
                }
            default:
                lastAtom = 1
                groups[groups.count - 1] += 1
            }
            guard groups[groups.count - 1] <= Pattern.maximumExpandedSize else {
                throw PatternError("The repetitions of the pattern, {m,n} or +, are too large.")
            }
            index += 1
        }
        guard groups.count == 1 else { throw PatternError("A parenthesis is not closed.") }
    }

    /// The larger of the counts in `{m,n}`, at least one, without overflow.
    private static func largestCount(_ bytes: [UInt8], from start: Int) -> Int {
        var largest = 1
        var count = 0
        for byte in bytes[(start + 1)...] {
            if (0x30...0x39).contains(byte) {
                count = min(count * 10 + Int(byte - 0x30), Pattern.maximumExpandedSize + 2)
                largest = max(largest, count)
            } else if byte == UInt8(ascii: ",") {
                count = 0
            } else {
                break
            }
        }
        return largest
    }

    /// Where the `]` of a bracket expression stands; the end when there is none.
    private static func endOfBracket(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "^") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1 }
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            // [:class:], [.collating.] and [=equivalence=] hold a ] of their own.
            if bytes[index] == UInt8(ascii: "["), index + 1 < bytes.count,
                [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(bytes[index + 1])
            {
                let mark = bytes[index + 1]
                index += 2
                while index + 1 < bytes.count,
                    !(bytes[index] == mark && bytes[index + 1] == UInt8(ascii: "]"))
                {
                    index += 1
                }
                index += 1
            }
            index += 1
        }
        return index
    }
}
