/// A regular expression of RFC 9485 (I-Regexp), which `match` and `search` use.
///
/// `^` and `$` outside of brackets stand for the two ends of a text, and not for themselves as the grammar of the RFC has
/// it: it maps expressions to those of ECMAScript as they are (clause 5.3), and so do the other implementations of
/// JSONPath and their common tests.
///
/// A text is searched by all ways at once, so that the time is proportional to the text and to the
/// expression, whatever they are.
struct IRegexp: Sendable {
    private let states: [IRegexpState]
    private let start: Int

    /// The most states of an expression, after its repetitions are written out.
    static let maximumStates = 2_000
    /// The most bytes of an expression.
    static let maximumBytes = 4_096

    /// Returns nil for a text that is no I-Regexp, or a too large one.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        var parser = IRegexpParser(text)
        guard let node = parser.whole() else { return nil }
        var builder = IRegexpBuilder()
        guard let start = builder.add(node, before: 0) else { return nil }
        states = builder.states
        self.start = start
    }

    /// Whether it matches the whole text.
    func matches(_ text: String, _ steps: PathSteps) throws(JSONPathError) -> Bool {
        var scalars = text.unicodeScalars[...]
        var current = try reached(from: [start], Ends(first: true, last: scalars.isEmpty), steps)
        while let scalar = scalars.popFirst() {
            if current.isEmpty { return false }
            let moved = try moves(from: current, by: scalar, steps)
            current = try reached(from: moved, Ends(last: scalars.isEmpty), steps)
        }
        return current.contains(0)
    }

    /// Whether it matches a part of the text.
    func isFound(in text: String, _ steps: PathSteps) throws(JSONPathError) -> Bool {
        var scalars = text.unicodeScalars[...]
        var current = try reached(from: [start], Ends(first: true, last: scalars.isEmpty), steps)
        if current.contains(0) { return true }
        while let scalar = scalars.popFirst() {
            let moved = try moves(from: current, by: scalar, steps)
            current = try reached(from: moved + [start], Ends(last: scalars.isEmpty), steps)
            if current.contains(0) { return true }
        }
        return false
    }

    /// Which ends of the text a place is at.
    private struct Ends {
        var first = false
        var last = false
    }

    private func moves(
        from current: Set<Int>,
        by scalar: Unicode.Scalar,
        _ steps: PathSteps
    ) throws(JSONPathError) -> [Int] {
        var moved: [Int] = []
        for place in current {
            guard case .scalars(let set, let next) = states[place] else { continue }
            try steps.takeSearch(among: set.ranges.count + set.categories.count)
            if set.contains(scalar) { moved.append(next) }
        }
        return moved
    }

    /// The states that can be reached from `open` without a further character.
    ///
    /// State 0 is the end of the pattern.
    private func reached(
        from open: [Int],
        _ ends: Ends,
        _ steps: PathSteps
    ) throws(JSONPathError) -> Set<Int> {
        var found: Set<Int> = []
        var open = open
        while let place = open.popLast() {
            guard found.insert(place).inserted else { continue }
            try steps.take(1)
            switch states[place] {
            case .split(let one, let other): open += [one, other]
            case .first(let next) where ends.first: open.append(next)
            case .last(let next) where ends.last: open.append(next)
            case .first, .last, .scalars, .end: break
            }
        }
        return found
    }
}

private enum IRegexpState: Sendable {
    case end
    case scalars(ScalarSet, next: Int)
    case split(Int, Int)
    /// Goes on at the beginning of the text alone, or at its end.
    case first(next: Int)
    case last(next: Int)
}

/// A set of characters: ranges and general categories, or all others.
private struct ScalarSet: Sendable {
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var categories: [Category] = []
    var isInverted = false

    /// `\p{Lu}` or, without the second letter, all categories that begin with the first.
    struct Category: Sendable {
        var name: String
        var isInverted: Bool

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory.shortName.hasPrefix(name) != isInverted
        }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let isMember =
            ranges.contains { $0.contains(scalar) } || categories.contains { $0.contains(scalar) }
        return isMember != isInverted
    }
}

private indirect enum IRegexpNode {
    case scalars(ScalarSet)
    /// The beginning of the text, and its end.
    case first, last
    case sequence([IRegexpNode])
    case choice([IRegexpNode])
    case repeated(IRegexpNode, minimum: Int, maximum: Int?)
}

/// Builds the states from the end to the start.
private struct IRegexpBuilder {
    var states: [IRegexpState] = [.end]
    /// The nodes that were added, those without states of their own included.
    private var additions = 0

    private static let maximumAdditions = 10 * IRegexp.maximumStates

    /// Adds the node before the state; returns its first state, or nil when there are too many.
    mutating func add(_ node: IRegexpNode, before next: Int) -> Int? {
        additions += 1
        guard states.count < IRegexp.maximumStates, additions < Self.maximumAdditions else {
            return nil
        }
        switch node {
        case .scalars(let set): return append(.scalars(set, next: next))
        case .first: return append(.first(next: next))
        case .last: return append(.last(next: next))
        case .sequence(let parts):
            var place = next
            for part in parts.reversed() {
                guard let before = add(part, before: place) else { return nil }
                place = before
            }
            return place
        case .choice(let branches):
            guard let last = branches.last, var place = add(last, before: next) else { return nil }
            for branch in branches.dropLast().reversed() {
                guard let before = add(branch, before: next) else { return nil }
                place = append(.split(before, place))
            }
            return place
        case .repeated(let part, let minimum, let maximum):
            return add(part, minimum, maximum, before: next)
        }
    }

    private mutating func add(
        _ part: IRegexpNode,
        _ minimum: Int,
        _ maximum: Int?,
        before next: Int
    ) -> Int? {
        var place = next
        if let maximum {
            for _ in minimum..<maximum {
                guard let once = add(part, before: place) else { return nil }
                place = append(.split(once, next))
            }
        } else {
            let loop = append(.split(next, next))
            guard let again = add(part, before: loop) else { return nil }
            states[loop] = .split(again, next)
            place = loop
        }
        for _ in 0..<minimum {
            guard let before = add(part, before: place) else { return nil }
            // What is empty stays empty, however often it is repeated.
            if before == place { break }
            place = before
        }
        return place
    }

    private mutating func append(_ state: IRegexpState) -> Int {
        states.append(state)
        return states.count - 1
    }
}

/// Reads an expression by the grammar of RFC 9485, clause 4.
private struct IRegexpParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    private static let maximumDepth = 64
    private static let maximumCount = 1_000

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func whole() -> IRegexpNode? {
        guard let node = choice(), position == scalars.count else { return nil }
        return node
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func choice() -> IRegexpNode? {
        var branches: [IRegexpNode] = []
        repeat {
            guard let branch = sequence() else { return nil }
            branches.append(branch)
        } while skip("|")
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() -> IRegexpNode? {
        var parts: [IRegexpNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            guard let atom = atom(), let part = quantified(atom) else { return nil }
            parts.append(part)
        }
        return .sequence(parts)
    }

    private mutating func atom() -> IRegexpNode? {
        guard let scalar = next else { return nil }
        position += 1
        switch scalar {
        case "(":
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.maximumDepth, let inner = choice(), skip(")") else { return nil }
            return inner
        case "[": return characterClass().map { .scalars($0) }
        case ".":
            return .scalars(ScalarSet(ranges: ["\n"..."\n", "\r"..."\r"], isInverted: true))
        case "\\": return escaped().map { .scalars($0) }
        case "^": return .first
        case "$": return .last
        case "*", "+", "?", "{", "}", "]", ")": return nil
        default: return .scalars(ScalarSet(ranges: [scalar...scalar]))
        }
    }

    private mutating func quantified(_ atom: IRegexpNode) -> IRegexpNode? {
        if skip("*") { return .repeated(atom, minimum: 0, maximum: nil) }
        if skip("+") { return .repeated(atom, minimum: 1, maximum: nil) }
        if skip("?") { return .repeated(atom, minimum: 0, maximum: 1) }
        guard skip("{") else { return atom }
        guard let minimum = number() else { return nil }
        var maximum: Int? = minimum
        if skip(",") { maximum = number() }
        guard skip("}"), maximum.map({ $0 >= minimum }) ?? true else { return nil }
        return .repeated(atom, minimum: minimum, maximum: maximum)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            guard let value, value <= Self.maximumCount else { return nil }
            position += 1
        }
        return value
    }

    /// What follows a backslash: one character, or a category.
    private mutating func escaped() -> ScalarSet? {
        guard let scalar = next else { return nil }
        position += 1
        switch scalar {
        case "n": return ScalarSet(ranges: ["\n"..."\n"])
        case "r": return ScalarSet(ranges: ["\r"..."\r"])
        case "t": return ScalarSet(ranges: ["\t"..."\t"])
        case "p", "P": return category(isInverted: scalar == "P")
        case "(", ")", "*", "+", "-", ".", "?", "[", "\\", "]", "^", "{", "|", "}":
            return ScalarSet(ranges: [scalar...scalar])
        default: return nil
        }
    }

    private mutating func category(isInverted: Bool) -> ScalarSet? {
        guard skip("{") else { return nil }
        var name = ""
        while let scalar = next, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard skip("}"), Self.categories.contains(name) else { return nil }
        return ScalarSet(categories: [.init(name: name, isInverted: isInverted)])
    }

    private static let categories: Set<String> = [
        "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc",
        "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Z", "Zl", "Zp", "Zs", "S", "Sc", "Sk", "Sm", "So", "C",
        "Cc", "Cf", "Cn", "Co",
    ]

    private mutating func characterClass() -> ScalarSet? {
        var set = ScalarSet(isInverted: skip("^"))
        if skip("-") { set.ranges.append("-"..."-") }
        while let scalar = next, scalar != "]" {
            // A hyphen stands at the end, or between the ends of a range.
            if skip("-") {
                guard next == "]" else { return nil }
                set.ranges.append("-"..."-")
                break
            }
            guard let first = classMember() else { return nil }
            guard first.categories.isEmpty else {
                set.categories += first.categories
                continue
            }
            let lower = first.ranges[0].lowerBound
            if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                guard let last = classMember(), let upper = last.ranges.first?.upperBound,
                    lower <= upper
                else { return nil }
                set.ranges.append(lower...upper)
            } else {
                set.ranges.append(lower...lower)
            }
        }
        guard skip("]"), !set.ranges.isEmpty || !set.categories.isEmpty else { return nil }
        return set
    }

    private mutating func classMember() -> ScalarSet? {
        guard let scalar = next else { return nil }
        position += 1
        if scalar == "\\" { return escaped() }
        guard scalar != "[", scalar != "]", scalar != "-" else { return nil }
        return ScalarSet(ranges: [scalar...scalar])
    }
}

extension Unicode.GeneralCategory {
    /// The two letters of the category.
    fileprivate var shortName: String {
        switch self {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
