import Broker
import ContextModel
import Storage

/// Decides `$filter` for entities of the SensorThings API, by what of them is shown to the reader.
struct ThingsFilter: Sendable {
    let expression: ODataExpression
    let shown: ThingsProperties

    /// Throws for a path that the entities do not have.
    func matches(_ element: ThingsElement) throws(BrokerError) -> Bool {
        try matches(expression, element)
    }

    private func matches(
        _ expression: ODataExpression,
        _ element: ThingsElement
    ) throws(BrokerError) -> Bool {
        switch expression {
        case .not(let part): return try !matches(part, element)
        case .and(let a, let b):
            guard try matches(a, element) else { return false }
            return try matches(b, element)
        case .or(let a, let b):
            if try matches(a, element) { return true }
            return try matches(b, element)
        case .compare(let comparison, let a, let b):
            let (left, right) = (try values(a, element), try values(b, element))
            guard left.count == 1 || right.count == 1 || left.count * right.count <= Self.mostPairs
            else {
                throw BrokerError(
                    .tooComplexQuery,
                    "A filter compares two lists of \(left.count) and \(right.count) values; "
                        + "\(Self.mostPairs) pairs are the most."
                )
            }
            return left.contains { left in right.contains { comparison.holds(left, $0) } }
        case .call(let function, let arguments) where function.relation != nil:
            return try relates(function, arguments, element)
        case .value, .path, .call, .arithmetic:
            return try values(expression, element).contains(.bool(true))
        }
    }

    private func relates(
        _ function: ODataFunction,
        _ arguments: [ODataExpression],
        _ element: ThingsElement
    ) throws(BrokerError) -> Bool {
        let test = try Self.geoTest(function, arguments)
        guard case .location(_, let past?) = element, past.kind == .geoProperty else {
            return element.entity?.satisfies(.geometry(test)) ?? false
        }
        var entity = Entity(id: EntityID("urn:x:past"), types: [])
        entity.attributes = [NamedAttribute(name: .location, instances: [past])]
        return entity.satisfies(.geometry(test))
    }

    /// The test of a place that the call of a function asks for.
    static func geoTest(
        _ function: ODataFunction,
        _ arguments: [ODataExpression]
    ) throws(BrokerError) -> GeoTest {
        guard let relation = function.relation, case .path(let path) = arguments[0],
            ["location", "feature"].contains(path.last),
            case .value(.geometry(let geometry)) = arguments[1]
        else {
            throw BrokerError(
                .badRequestData,
                "\(function.rawValue) is written \(function.rawValue)(location, geography'POLYGON((…))') here."
            )
        }
        return GeoTest(relation: relation, reference: geometry, attribute: .location)
    }

    // MARK: Values

    private func values(
        _ expression: ODataExpression,
        _ element: ThingsElement
    ) throws(BrokerError) -> [ODataValue] {
        switch expression {
        case .value(let value): return [value]
        case .path(let path):
            let found = try shown.values(at: path[...], of: element)
            return found.isEmpty ? [.null] : found.flatMap(ODataValue.all)
        case .arithmetic(let arithmetic, let a, let b):
            let (left, right) = (try values(a, element), try values(b, element))
            return Self.results(of: [left, right]) { arithmetic.result($0[0], $0[1]) }
        case .call(let function, let arguments):
            let all = try arguments.map { argument throws(BrokerError) in
                try values(argument, element)
            }
            return Self.results(of: all) { function.result($0) }
        case .not, .and, .or, .compare: return [.bool(try matches(expression, element))]
        }
    }

    /// The most pairs of values of two lists that are compared for one element.
    private static let mostPairs = 10_000

    /// The results for each value of the one operand that is a list; null where several are lists.
    ///
    /// The results for all pairs of two lists would multiply with each operation.
    private static func results(
        of operands: [[ODataValue]],
        _ result: ([ODataValue]) -> ODataValue
    ) -> [ODataValue] {
        guard let list = operands.firstIndex(where: { $0.count != 1 }) else {
            return [result(operands.map { $0[0] })]
        }
        guard !operands.indices.contains(where: { $0 != list && operands[$0].count != 1 }) else {
            return [.null]
        }
        return operands[list].map { value in
            result(operands.indices.map { $0 == list ? value : operands[$0][0] })
        }
    }
}

extension ODataValue {
    /// The values that a JSON value stands for: those of a list are several.
    fileprivate static func all(_ json: JSONValue) -> [ODataValue] {
        switch json {
        case .null: [.null]
        case .bool(let bool): [.bool(bool)]
        case .number(let number): [.number(number.doubleValue)]
        case .string(let text): [.text(text)]
        case .array(let list): list.flatMap(all)
        case .object: [.null]
        }
    }

    fileprivate var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    fileprivate var number: Double? {
        if case .number(let number) = self { number } else { nil }
    }

    fileprivate var time: Timestamp? {
        switch self {
        case .time(let time): time
        case .text(let text): Timestamp(text)
        case .null, .bool, .number, .geometry: nil
        }
    }
}

extension ODataExpression.Comparison {
    fileprivate func holds(_ a: ODataValue, _ b: ODataValue) -> Bool {
        if a == .null || b == .null || a.isTruth || b.isTruth {
            return self == .eq ? a == b : self == .ne && a != b
        }
        if let a = a.number, let b = b.number { return holds(a, b) }
        if let left = a.time, let right = b.time, a.text == nil || b.text == nil {
            return holds(left, right)
        }
        if let a = a.text, let b = b.text { return holds(a, b) }
        return self == .ne
    }

    private func holds<Value: Comparable>(_ a: Value, _ b: Value) -> Bool {
        switch self {
        case .eq: a == b
        case .ne: a != b
        case .gt: a > b
        case .ge: a >= b
        case .lt: a < b
        case .le: a <= b
        }
    }
}

extension ODataValue {
    fileprivate var isTruth: Bool {
        if case .bool = self { true } else { false }
    }
}

extension ODataExpression.Arithmetic {
    fileprivate func result(_ a: ODataValue, _ b: ODataValue) -> ODataValue {
        guard let a = a.number, let b = b.number else { return .null }
        let result =
            switch self {
            case .add: a + b
            case .sub: a - b
            case .mul: a * b
            case .div: a / b
            case .mod: a.truncatingRemainder(dividingBy: b)
            }
        return result.isFinite ? .number(result) : .null
    }
}

extension ODataFunction {
    /// The result of the function; null when an argument is of the wrong kind.
    fileprivate func result(_ arguments: [ODataValue]) -> ODataValue {
        let first = arguments[0]
        if let text = first.text, let result = textResult(text, Array(arguments.dropFirst())) {
            return result
        }
        if let number = first.number {
            switch self {
            case .round: return .number(number.rounded())
            case .floor: return .number(number.rounded(.down))
            case .ceiling: return .number(number.rounded(.up))
            default: return .null
            }
        }
        return first.time.flatMap(timeResult) ?? .null
    }

    private func textResult(_ text: String, _ others: [ODataValue]) -> ODataValue? {
        switch self {
        case .length: return .number(Double(text.count))
        case .tolower: return .text(text.lowercased())
        case .toupper: return .text(text.uppercased())
        case .trim: return .text(text.trimmed)
        case .substring:
            guard let start = others[0].number, (0...Double(text.count)).contains(start) else {
                return .null
            }
            let rest = text.dropFirst(Int(start))
            guard others.count > 1 else { return .text(String(rest)) }
            guard let length = others[1].number, length >= 0 else { return .null }
            return .text(String(rest.prefix(Int(min(length, Double(text.count))))))
        default: break
        }
        guard let other = others.first?.text else { return nil }
        switch self {
        case .contains: return .bool(text.contains(other))
        case .substringof: return .bool(other.contains(text))
        case .startswith: return .bool(text.hasPrefix(other))
        case .endswith: return .bool(text.hasSuffix(other))
        case .concat: return .text(text + other)
        case .indexof:
            guard let range = text.firstRange(of: other) else { return .number(-1) }
            return .number(Double(text.distance(from: text.startIndex, to: range.lowerBound)))
        default: return nil
        }
    }

    /// A part of a moment in UTC.
    private func timeResult(_ time: Timestamp) -> ODataValue? {
        let place: Int? =
            switch self {
            case .year: 0
            case .month: 1
            case .day: 2
            case .hour: 3
            case .minute: 4
            case .second: 5
            default: nil
            }
        let parts = time.text.split { !$0.isNumber }
        return place.flatMap { $0 < parts.count ? Double(parts[$0]) : nil }.map(ODataValue.number)
    }
}
