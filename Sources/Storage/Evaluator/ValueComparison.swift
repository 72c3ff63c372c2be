import ContextModel

extension ValueTest {
    /// Whether any instance that the path leads to meets the comparison (clause 4.9).
    func matches(_ entity: Entity, _ budget: DecisionBudget?) -> Bool {
        let targets = ValueTarget.targets(of: path, in: entity, within: budget)
        guard let comparison else { return !targets.isEmpty }
        return targets.contains(within: budget) { comparison.holds(for: $0, budget) }
    }
}

extension Comparison {
    fileprivate func holds(for target: ValueTarget, _ budget: DecisionBudget?) -> Bool {
        switch self {
        case .equal(let operands):
            return target.values.contains(within: budget) { $0.equals(anyOf: operands, budget) }
        case .unequal(let operands):
            return !target.values.contains(within: budget) { $0.equals(anyOf: operands, budget) }
        default:
            // Objects are equal or unequal, and never more, less or alike (clause 4.9).
            return !target.isObject && holdsInOrder(for: target.values, budget)
        }
    }

    private func holdsInOrder(
        for values: [ValueTarget.Value],
        _ budget: DecisionBudget?
    ) -> Bool {
        guard budget?.allows(values.reduce(0) { $0 + $1.steps }) ?? true else { return false }
        return switch self {
        case .less(let operand): values.contains { $0.order(to: operand) == .less }
        case .greater(let operand): values.contains { $0.order(to: operand) == .greater }
        case .lessOrEqual(let operand):
            values.contains { $0.order(to: operand).map { $0 != .greater } ?? false }
        case .greaterOrEqual(let operand):
            values.contains { $0.order(to: operand).map { $0 != .less } ?? false }
        case .matches(let pattern):
            values.contains(within: budget) {
                $0.text.map { pattern.matches($0, within: budget) } ?? false
            }
        case .matchesNot(let pattern):
            values.contains { $0.text != nil }
                && !values.contains(within: budget) {
                    $0.text.map { pattern.matches($0, within: budget) } ?? false
                }
        case .equal, .unequal: false
        }
    }
}

extension Array {
    /// Whether the predicate holds for an element; ends when the budget does, which each element takes
    /// a step of.
    fileprivate func contains(
        within budget: DecisionBudget?,
        where predicate: (Element) -> Bool
    ) -> Bool {
        guard let budget else { return contains(where: predicate) }
        for element in self {
            guard budget.allows(1) else { return false }
            if predicate(element) { return true }
        }
        return false
    }
}

/// How two values of one kind stand to each other.
private enum Order {
    case less, equal, greater

    /// `nil` when neither is true, as with NaN.
    init?<Value: Comparable>(_ a: Value, _ b: Value) {
        if a < b {
            self = .less
        } else if a == b {
            self = .equal
        } else if a > b {
            self = .greater
        } else {
            return nil
        }
    }

    /// Texts byte by byte of UTF-8, which is by code point, as databases do.
    init(_ a: String, _ b: String) {
        if a.utf8.elementsEqual(b.utf8) {
            self = .equal
        } else {
            self = a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
        }
    }
}

extension ValueTarget.Value {
    /// The text, if it is one.
    fileprivate var text: String? {
        if case .json(let json) = self { json.plain.stringValue } else { nil }
    }

    /// Equal to one of the operands, or for an array: one of its elements is.
    fileprivate func equals(anyOf operands: [Operand], _ budget: DecisionBudget?) -> Bool {
        if case .json(.array(let elements)) = self {
            return elements.contains(within: budget) {
                ValueTarget.Value.json($0).equals(anyOf: operands, budget)
            }
        }
        guard budget?.allows((Self.stepsOfComparison + steps) * operands.count) ?? true else {
            return false
        }
        return operands.contains(where: equals)
    }

    private static let stepsOfComparison = 5
    private static let bytesPerStep = 16

    /// What looking at the value takes: a text is as long, and an object has as many members, as
    /// somebody wished.
    fileprivate var steps: Int {
        switch self {
        case .json(.string(let text)): text.utf8.count / Self.bytesPerStep
        case .json(.object(let object)): object.members.count
        case .json, .moment: 0
        }
    }

    /// Identical, or within the range.
    private func equals(_ operand: Operand) -> Bool {
        switch (self, operand) {
        case (_, .range(let low, let high)):
            (order(to: low).map { $0 != .less } ?? false)
                && (order(to: high).map { $0 != .greater } ?? false)
        case (.json(let json), .bool(let bool)): json.plain.boolValue == bool
        default: order(to: operand) == .equal
        }
    }

    /// `nil` when the kinds differ or have no order.
    fileprivate func order(to operand: Operand) -> Order? {
        switch (self, operand) {
        case (.moment(let moment), .dateTime(let other)): Order(moment, other)
        case (.moment, _): nil
        case (.json(let json), _): json.plain.order(to: operand)
        }
    }
}

extension JSONValue {
    /// The `@value` of a typed value such as a `DateTime` (clause 4.6.3), or the value itself.
    fileprivate var plain: JSONValue { objectValue?["@value"] ?? self }

    fileprivate func order(to operand: Operand) -> Order? {
        switch (self, operand) {
        case (.number(let number), .number(let other)): Order(number.doubleValue, other)
        case (.string(let text), .string(let other)), (.string(let text), .uri(let other)):
            Order(text, other)
        case (.string(let text), .dateTime(let other)):
            Timestamp(text).flatMap { Order($0, other) }
        case (.string(let text), .date(let other)): Self.order(dates: text, other)
        case (.string(let text), .time(let other)): Self.order(times: text, other)
        default: nil
        }
    }

    private static func order(dates a: String, _ b: String) -> Order? {
        guard let a = CivilDate(a), let b = CivilDate(b) else { return nil }
        return Order(a.daysSince1970, b.daysSince1970)
    }

    private static func order(times a: String, _ b: String) -> Order? {
        guard let a = TimeOfDay(a), let b = TimeOfDay(b) else { return nil }
        return Order(a.microseconds, b.microseconds)
    }
}
