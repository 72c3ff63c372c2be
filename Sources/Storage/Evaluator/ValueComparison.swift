import ContextModel

extension ValueTest {
    /// Whether any instance at the end of the path meets the comparison (clause 4.9).
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
            // Objects can be equal or unequal, but have no order (clause 4.9).
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
    /// Whether the predicate holds for an element.
    ///
    /// Each element takes a step; stops when the budget is spent.
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

/// The order of two values of one kind.
private enum Order {
    case less, equal, greater

    /// Returns nil when the values have no order, as with NaN.
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

    /// Compares texts by their UTF-8 bytes, which is the order of code points, as databases do.
    init(_ a: String, _ b: String) {
        if a.utf8.elementsEqual(b.utf8) {
            self = .equal
        } else {
            self = a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
        }
    }
}

extension ValueTarget.Value {
    /// The text, if the value is one.
    fileprivate var text: String? {
        if case .json(let json) = self { json.plain.stringValue } else { nil }
    }

    /// Whether the value, or an element of an array, equals one of the operands.
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

    /// The steps for looking at the value, in proportion to the length of a text or the number of
    /// members of an object.
    fileprivate var steps: Int {
        switch self {
        case .json(.string(let text)): text.utf8.count / Self.bytesPerStep
        case .json(.object(let object)): object.members.count
        case .json, .moment: 0
        }
    }

    /// Whether the value is identical to the operand, or within its range.
    private func equals(_ operand: Operand) -> Bool {
        switch (self, operand) {
        case (_, .range(let low, let high)):
            (order(to: low).map { $0 != .less } ?? false)
                && (order(to: high).map { $0 != .greater } ?? false)
        case (.json(let json), .bool(let bool)): json.plain.boolValue == bool
        default: order(to: operand) == .equal
        }
    }

    /// The order of the value and the operand; nil when their kinds differ or have no order.
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
