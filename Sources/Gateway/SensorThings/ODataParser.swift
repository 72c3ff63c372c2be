import Broker
import ContextModel

/// Reads expressions of `$filter` (OGC 18-088 clause 9.3.3.5).
struct ODataParser {
    /// The most bytes of an expression, and the deepest nesting in one.
    private static let maximumBytes = 8_192
    private static let maximumDepth = 32

    private let text: String
    private let tokens: [ODataToken]
    private var place = 0
    private var depth = 0

    static func parse(_ text: String) throws(BrokerError) -> ODataExpression {
        guard text.utf8.count <= maximumBytes else {
            throw BrokerError(
                .badRequestData,
                "$filter has \(text.utf8.count) bytes, and may have \(maximumBytes)."
            )
        }
        var parser = ODataParser(text: text, tokens: try ODataToken.tokens(of: text))
        let expression = try parser.disjunction()
        guard parser.place == parser.tokens.count else { throw parser.unexpected() }
        return expression
    }

    private init(text: String, tokens: [ODataToken]) {
        self.text = text
        self.tokens = tokens
    }

    private mutating func disjunction() throws(BrokerError) -> ODataExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw BrokerError(
                .tooComplexQuery,
                "$filter is nested more than \(Self.maximumDepth) deep."
            )
        }
        var left = try conjunction()
        while skip(word: "or") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(BrokerError) -> ODataExpression {
        var left = try negation()
        while skip(word: "and") { left = .and(left, try negation()) }
        return left
    }

    private mutating func negation() throws(BrokerError) -> ODataExpression {
        var isNegated = false
        while skip(word: "not") { isNegated.toggle() }
        let inner = try comparison()
        return isNegated ? .not(inner) : inner
    }

    private mutating func comparison() throws(BrokerError) -> ODataExpression {
        let left = try sum()
        guard case .word(let word) = next,
            let comparison = ODataExpression.Comparison(rawValue: word)
        else { return left }
        place += 1
        return .compare(comparison, left, try sum())
    }

    private mutating func sum() throws(BrokerError) -> ODataExpression {
        var left = try product()
        while let arithmetic = skip([.add, .sub]) {
            left = .arithmetic(arithmetic, left, try product())
        }
        return left
    }

    private mutating func product() throws(BrokerError) -> ODataExpression {
        var left = try primary()
        while let arithmetic = skip([.mul, .div, .mod]) {
            left = .arithmetic(arithmetic, left, try primary())
        }
        return left
    }

    private mutating func primary() throws(BrokerError) -> ODataExpression {
        switch next {
        case .value(let value):
            place += 1
            return .value(value)
        case .open:
            place += 1
            let inner = try disjunction()
            guard skip(.close) else { throw unexpected() }
            return inner
        case .word(let word):
            place += 1
            if skip(.open) { return try call(word) }
            switch word {
            case "null": return .value(.null)
            case "true": return .value(.bool(true))
            case "false": return .value(.bool(false))
            default: return .path(word.split(separator: "/").map(String.init))
            }
        case .close, .comma, nil: throw unexpected()
        }
    }

    private mutating func call(_ name: String) throws(BrokerError) -> ODataExpression {
        guard let function = ODataFunction(rawValue: name) else {
            let known = ODataFunction.allCases.map(\.rawValue).joined(separator: ", ")
            throw BrokerError(
                .operationNotSupported,
                "$filter has no function '\(name)' here; there are \(known)."
            )
        }
        var arguments: [ODataExpression] = []
        if !skip(.close) {
            repeat { arguments.append(try disjunction()) } while skip(.comma)
            guard skip(.close) else { throw unexpected() }
        }
        guard function.arguments.contains(arguments.count) else {
            throw BrokerError(
                .badRequestData,
                "\(name) has \(function.arguments.upperBound) arguments, not \(arguments.count)."
            )
        }
        return .call(function, arguments)
    }

    // MARK: Tokens

    private var next: ODataToken? { place < tokens.count ? tokens[place] : nil }

    private mutating func skip(_ token: ODataToken) -> Bool {
        guard next == token else { return false }
        place += 1
        return true
    }

    private mutating func skip(word: String) -> Bool { skip(.word(word)) }

    private mutating func skip(
        _ operations: [ODataExpression.Arithmetic]
    ) -> ODataExpression.Arithmetic? {
        guard case .word(let word) = next, let found = ODataExpression.Arithmetic(rawValue: word),
            operations.contains(found)
        else { return nil }
        place += 1
        return found
    }

    private func unexpected() -> BrokerError {
        let found = next.map { "'\($0.text)'" } ?? "the end"
        return BrokerError(
            .badRequestData,
            "$filter '\(text.prefix(80))' has \(found) where something else belongs; an example is "
                + "phenomenonTime ge 2026-01-31T00:00:00Z and result gt 5."
        )
    }
}

/// A word, a value or a sign of an expression.
enum ODataToken: Hashable {
    case word(String)
    case value(ODataValue)
    case open, close, comma

    var text: String {
        switch self {
        case .word(let word): word
        case .value(let value): "\(value)"
        case .open: "("
        case .close: ")"
        case .comma: ","
        }
    }

    static func tokens(of text: String) throws(BrokerError) -> [ODataToken] {
        var (tokens, rest) = ([ODataToken](), text[...])
        while let character = rest.first {
            switch character {
            case " ", "\t", "\n", "\r": rest.removeFirst()
            case "(", ")", ",":
                tokens.append(character == "(" ? .open : character == ")" ? .close : .comma)
                rest.removeFirst()
            case "'": tokens.append(.value(.text(try quoted(&rest))))
            case "0"..."9", "-", "+", ".":
                tokens.append(.value(try number(take(&rest) { isOfNumber($0) })))
            default:
                let word = take(&rest) { isOfWord($0) }
                guard !word.isEmpty else {
                    throw BrokerError(.badRequestData, "$filter has no place for '\(character)'.")
                }
                if word == "geography" || word == "geometry", rest.first == "'" {
                    let geometry = try WellKnownTextReader.read(try quoted(&rest))
                    tokens.append(.value(.geometry(geometry)))
                } else {
                    tokens.append(.word(word))
                }
            }
        }
        return tokens
    }

    /// A text in quotation marks, in which two stand for one.
    private static func quoted(_ rest: inout Substring) throws(BrokerError) -> String {
        var text = ""
        rest.removeFirst()
        while let character = rest.first {
            rest.removeFirst()
            if character == "'" {
                guard rest.first == "'" else { return text }
                rest.removeFirst()
            }
            text.append(character)
        }
        throw BrokerError(.badRequestData, "A text in $filter has no quotation mark at its end.")
    }

    private static func number(_ text: String) throws(BrokerError) -> ODataValue {
        if let number = JSONNumber(text)?.doubleValue { return .number(number) }
        if let time = Timestamp(text) ?? Timestamp(text + "T00:00:00Z") { return .time(time) }
        throw BrokerError(
            .badRequestData,
            "'\(text)' is neither a number nor a time such as 2026-01-31T08:00:00Z."
        )
    }

    private static func take(
        _ rest: inout Substring,
        while belongs: (Character) -> Bool
    ) -> String {
        let taken = rest.prefix(while: belongs)
        rest = rest.dropFirst(taken.count)
        return String(taken)
    }

    private static func isOfNumber(_ character: Character) -> Bool {
        character.isASCII
            && (character.isLetter || character.isNumber || ".:+-".contains(character))
    }

    private static func isOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_@./$:-".contains(character)
    }
}
