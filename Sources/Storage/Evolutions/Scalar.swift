package import ContextModel

/// A value that can be compared with others, as aggregates and value indexes see it.
package enum Scalar: Sendable, Hashable {
    case null
    case number(Double)
    case text(String)
}

extension JSONValue {
    /// The value as a scalar, with booleans as numbers; nil for an array or an object.
    package var scalar: Scalar? {
        switch self {
        case .number(let number):
            number.doubleValue.isNaN ? nil : .number(number.doubleValue)
        case .bool(let bool): .number(bool ? 1 : 0)
        case .string(let text): .text(text)
        case .null, .array, .object: nil
        }
    }
}
