import ContextModel
import Foundation

/// Writes attributes of a mapped row as JSON text.
struct CellWriter {
    /// An attribute of the map with the columns that it names.
    struct Field {
        var attribute: ColumnMap.Attribute
        /// The text of the value; nil for a constant.
        var text: RowFields.Text?
    }

    let numbers: NumberStyle
    let emptyTexts: Set<String>
    var clock: LocalClock

    /// Writes the attribute's object; writes nothing and returns false if the cell is empty.
    mutating func write(
        _ field: Field,
        text: String?,
        observedAt: Timestamp?,
        to writer: inout JSONWriter
    ) throws(RowRefusal) -> Bool {
        let attribute = field.attribute
        let value: Value
        if case .constant(let json) = attribute.source {
            value = .raw(json)
        } else if let text, !text.isEmpty, !emptyTexts.contains(text) {
            value = try convert(text, attribute.conversion)
        } else if let missing = attribute.missing {
            value = .raw(missing)
        } else {
            return false
        }
        let isRelationship = attribute.conversion == .relationship
        writer.beginObject()
        writer.key("type")
        writer.string(isRelationship ? "Relationship" : "Property")
        writer.key(isRelationship ? "object" : "value")
        value.write(to: &writer)
        if let unitCode = attribute.unitCode {
            writer.key("unitCode")
            writer.string(unitCode)
        }
        if let observedAt, attribute.isObserved {
            writer.key("observedAt")
            writer.timestamp(observedAt)
        }
        writer.endObject()
        return true
    }

    private enum Value {
        case number(JSONNumber)
        case string(String)
        case flag(Bool)
        case dateTime(Timestamp)
        case raw([UInt8])

        func write(to writer: inout JSONWriter) {
            switch self {
            case .number(let number): writer.number(number)
            case .string(let string): writer.string(string)
            case .flag(let flag): writer.bool(flag)
            case .raw(let json): writer.raw(json)
            case .dateTime(let moment):
                // A moment as a value must be typed (clause 4.6.3), or it would be only a text.
                writer.beginObject()
                writer.key("@type")
                writer.string("DateTime")
                writer.key("@value")
                writer.timestamp(moment)
                writer.endObject()
            }
        }
    }

    private mutating func convert(
        _ text: String,
        _ conversion: ColumnMap.Conversion
    ) throws(RowRefusal) -> Value {
        switch conversion {
        case .string, .relationship: return .string(text)
        case .number:
            guard let number = NumberText.read(text, numbers) else {
                throw NumberText.refusal(of: text, numbers)
            }
            return .number(number)
        case .boolean: return .flag(try Self.flag(text))
        case .dateTime: return .dateTime(try Self.moment(text, &clock))
        }
    }

    /// The truth value that a text means.
    static func flag(_ text: String) throws(RowRefusal) -> Bool {
        switch text.lowercased() {
        case "true", "1", "yes", "y", "t": true
        case "false", "0", "no", "n", "f": false
        default: throw RowRefusal(reason: "`\(text)` is neither true nor false.")
        }
    }

    /// The moment that a text of ISO 8601 means.
    static func moment(_ text: String, _ clock: inout LocalClock) throws(RowRefusal) -> Timestamp {
        guard let moment = TimePattern.iso.read(text.utf8) else {
            throw RowRefusal(reason: "`\(text)` is not a date and time of ISO 8601.")
        }
        return Timestamp(microseconds: clock.reading(of: moment).microseconds)
    }
}
