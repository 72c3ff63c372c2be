/// Searches a text for a pattern in one pass over its bytes.
///
/// It follows all states that the pattern may be in at once (Thompson, 1968), and caches the sets
/// of states it has met with their transitions. When the cache reaches its limit, it is emptied.
/// So time is proportional to pattern and text, and memory is bounded.
struct PatternAutomaton {
    private enum State {
        case bytes(ByteSet, next: Int)
        case split(Int, Int)
        case start(next: Int)
        case end(next: Int)
        case accept
    }

    /// What a set of states says about the text.
    private struct Outcome: OptionSet {
        let rawValue: UInt8
        static let found = Outcome(rawValue: 1)
        /// The pattern is found if the text ends here.
        static let foundAtEnd = Outcome(rawValue: 2)
    }

    /// The approximate number of bytes of the cache.
    private static let maximumMemory = 32_768
    /// The steps for creating a set of states, beyond those for its states.
    private static let stepsOfMove = 50

    private let states: [State]
    private let first: Int
    /// The accepting state.
    private static let accept = 0
    /// Whether the pattern has a `$`.
    private let hasEnds: Bool
    var stateCount: Int { states.count }
    /// The class of each byte: bytes that the pattern does not distinguish have the same class.
    private let kinds: [UInt8]
    private let kindCount: Int

    // The cache: sets of states by number.
    private var sets: [StateSet] = []
    private var outcomes: [Outcome] = []
    private var numbers: [StateSet: Int] = [:]
    /// The next set for each set and class of bytes; -1 when it is not known yet.
    private var moves: [Int16] = []
    /// The set before the first byte.
    private var beginning: Int?
    private var memory = 0

    /// For each state, the number of the last set that it was added to.
    private var marks: [Int]
    private var mark = 0
    /// The states still to be followed; empty between two calls.
    private var open: [Int] = []

    /// Throws when the pattern has too many states.
    init(_ pattern: PatternNode) throws(PatternError) {
        var builder = Builder()
        first = try builder.add(pattern, before: Self.accept)
        states = builder.states
        hasEnds = states.contains { if case .end = $0 { true } else { false } }
        marks = Array(repeating: 0, count: states.count)
        (kinds, kindCount) = Self.kinds(of: states)
    }

    var hasCache: Bool { !sets.isEmpty }

    // MARK: Construction

    private struct Builder {
        var states: [State] = [.accept]
        /// The nodes visited: repetitions of nodes without states would otherwise never end.
        private var visits = 0
        private static let maximumVisits = 4 * Pattern.maximumStates

        /// Adds the states of the node, followed by `next`; returns the first state.
        mutating func add(_ node: PatternNode, before next: Int) throws(PatternError) -> Int {
            visits += 1
            guard states.count < Pattern.maximumStates, visits < Self.maximumVisits else {
                throw PatternError.tooLarge
            }
            switch node {
            case .empty: return next
            case .bytes(let set): states.append(.bytes(set, next: next))
            case .start: states.append(.start(next: next))
            case .end: states.append(.end(next: next))
            case .sequence(let parts):
                var next = next
                for part in parts.reversed() { next = try add(part, before: next) }
                return next
            case .choice(let branches):
                var entry = try add(branches[branches.count - 1], before: next)
                for branch in branches.dropLast() {
                    states.append(.split(try add(branch, before: next), entry))
                    entry = states.count - 1
                }
                return entry
            case .repeated(let part, let minimum, let maximum):
                return try add(part, minimum, maximum, before: next)
            }
            return states.count - 1
        }

        private mutating func add(
            _ part: PatternNode,
            _ minimum: Int,
            _ maximum: Int?,
            before next: Int
        ) throws(PatternError) -> Int {
            var entry = next
            if let maximum {
                for _ in minimum..<max(minimum, maximum) {
                    states.append(.split(try add(part, before: entry), next))
                    entry = states.count - 1
                }
            } else {
                let loop = states.count
                states.append(.split(next, next))
                states[loop] = .split(try add(part, before: loop), next)
                entry = loop
            }
            for _ in 0..<minimum { entry = try add(part, before: entry) }
            return entry
        }
    }

    /// Computes the classes of bytes: two bytes are in one class if they are in the same sets.
    private static func kinds(of states: [State]) -> (kinds: [UInt8], count: Int) {
        var kinds = [UInt8](repeating: 0, count: 256)
        var count = 1
        var seen: Set<ByteSet> = []
        for case .bytes(let set, _) in states where count < 256 && seen.insert(set).inserted {
            // A class of which only some bytes are in the set is split in two.
            var halves = [Int](repeating: -1, count: 512)
            var next = 0
            for byte in 0..<256 {
                let half = Int(kinds[byte]) << 1 | (set.contains(UInt8(byte)) ? 1 : 0)
                if halves[half] < 0 {
                    halves[half] = next
                    next += 1
                }
                kinds[byte] = UInt8(halves[half])
            }
            count = next
        }
        return (kinds, count)
    }

    // MARK: Searching

    /// Whether the pattern is found.
    ///
    /// The answer means nothing once the budget is spent.
    mutating func isFound(
        in text: UnsafeBufferPointer<UInt8>,
        within budget: DecisionBudget?
    ) -> Bool {
        // POSIX patterns are not defined for texts with U+0000.
        guard budget?.allows(text.count) ?? true, !text.contains(0) else { return false }
        var set = beginningSet()
        for byte in text {
            if outcomes[set].contains(.found) { return true }
            let place = set * kindCount + Int(kinds[Int(byte)])
            let known = Int(moves[place])
            if known >= 0 {
                set = known
                continue
            }
            guard budget?.allows(Self.stepsOfMove + states.count) ?? true else { return false }
            set = move(from: set, by: byte, place)
        }
        return !outcomes[set].isDisjoint(with: [.found, .foundAtEnd])
    }

    mutating func forget() {
        sets = []
        outcomes = []
        numbers = [:]
        moves = []
        beginning = nil
        memory = 0
    }

    private mutating func beginningSet() -> Int {
        if let beginning { return beginning }
        var members = StateSet(of: states.count)
        mark += 1
        follow(first, isStart: true, isEnd: false, into: &members)
        let set = cached(members, isStart: true)
        beginning = set
        return set
    }

    private mutating func move(from set: Int, by byte: UInt8, _ place: Int) -> Int {
        var members = StateSet(of: states.count)
        mark += 1
        let former = sets[set]
        former.forEach { member in
            if case .bytes(let bytes, let next) = states[member], bytes.contains(byte) {
                follow(next, isStart: false, isEnd: false, into: &members)
            }
        }
        // The pattern may also begin after this byte.
        follow(first, isStart: false, isEnd: false, into: &members)
        if let known = numbers[members] {
            moves[place] = Int16(known)
            return known
        }
        guard memory < Self.maximumMemory, sets.count < Int(Int16.max) else {
            forget()
            return cached(members, isStart: false)
        }
        let new = cached(members, isStart: false)
        moves[place] = Int16(new)
        return new
    }

    /// Caches the set.
    ///
    /// The set before the first byte is kept apart, because `^` holds there.
    private mutating func cached(_ members: StateSet, isStart: Bool) -> Int {
        sets.append(members)
        outcomes.append(outcome(of: members, isStart: isStart))
        moves.append(contentsOf: repeatElement(-1, count: kindCount))
        memory += 96 + 2 * members.bytes + 2 * kindCount
        if !isStart { numbers[members] = sets.count - 1 }
        return sets.count - 1
    }

    private mutating func outcome(of members: StateSet, isStart: Bool) -> Outcome {
        var outcome: Outcome = []
        if members.contains(Self.accept) { outcome.insert(.found) }
        guard hasEnds else { return outcome }
        var atEnd = StateSet(of: states.count)
        mark += 1
        members.forEach { member in
            if case .end = states[member] {
                follow(member, isStart: isStart, isEnd: true, into: &atEnd)
            }
        }
        if atEnd.contains(Self.accept) { outcome.insert(.foundAtEnd) }
        return outcome
    }

    /// Adds the state and all states that it leads to without a byte.
    private mutating func follow(
        _ start: Int,
        isStart: Bool,
        isEnd: Bool,
        into members: inout StateSet
    ) {
        open.append(start)
        while let state = open.popLast() {
            guard marks[state] != mark else { continue }
            marks[state] = mark
            switch states[state] {
            case .split(let one, let other):
                open.append(one)
                open.append(other)
            case .start(let next): if isStart { open.append(next) }
            case .end(let next) where isEnd: open.append(next)
            case .end, .bytes, .accept: members.insert(state)
            }
        }
    }
}

/// A set of states of one automaton, with one bit for each.
private struct StateSet: Hashable {
    private var words: [UInt64]

    /// Creates an empty set for an automaton with this many states.
    init(of states: Int) { words = Array(repeating: 0, count: (states + 63) / 64) }

    var bytes: Int { words.count * MemoryLayout<UInt64>.size }

    func contains(_ state: Int) -> Bool { words[state >> 6] >> UInt64(state & 63) & 1 != 0 }
    mutating func insert(_ state: Int) { words[state >> 6] |= 1 << UInt64(state & 63) }

    func forEach(_ body: (Int) -> Void) {
        for (place, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(place << 6 | rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }
}
