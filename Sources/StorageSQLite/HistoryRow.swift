internal import ContextModel
internal import Storage

/// Where an instance stands in the history table, but for the sequence among equals.
struct HistoryPlace {
    var entity: Int64
    var name: Int64
    /// The number of the `datasetId`; 0 for the default instance.
    var dataset: Int64
    var time: Int64
}

/// An instance as the history table keeps it.
///
/// Most readings differ in value and time alone. What they share is a *form*, stored once; the row
/// has the number of the form and the value. Any other instance is a body of its own. The value
/// column holds a scalar value in both cases, so that aggregation reads no bodies of numbers.
struct HistoryRow {
    var form: Int64?
    /// nil when it is the row's time.
    var modified: Int64?
    /// nil when it is the time of the modification.
    var created: Int64?
    var value: Scalar
    var body: [UInt8]?

    /// The columns `HistoryRow(_:)` reads, in its order.
    static let columns = "sequence, form, modified, created, value, body"

    init(_ instance: Attribute, form: ([UInt8]) throws -> Int64) throws {
        let time = instance.historyTime
        let modifiedAt = instance.modifiedAt?.microseconds
        modified = modifiedAt == time ? nil : modifiedAt
        let createdAt = instance.createdAt?.microseconds
        created = createdAt == (modifiedAt ?? time) ? nil : createdAt
        value = instance.value.columnValue
        // A nil moment reads back as the one it would equal, so such an instance keeps its body.
        let hasTimes = modifiedAt != nil && createdAt != nil
        if hasTimes, instance.attributes.isEmpty, instance.details == nil,
            let blank = instance.value.blank
        {
            self.form = try form(Body.bytes(instance.form(value: blank)))
        } else {
            body = Body.bytes(instance)
        }
    }

    init(_ row: Statement) {
        form = row.optionalInt(1)
        modified = row.optionalInt(2)
        created = row.optionalInt(3)
        value = row.scalar(4)
        body = row.isNull(5) ? nil : [UInt8](row.bytes(5))
    }

    func attribute(_ vocabulary: Vocabulary, _ place: HistoryPlace) throws -> Attribute {
        if let body { return try Body.attribute(body) }
        guard let form, var attribute = vocabulary.forms[form] else {
            throw StorageError(.damaged, note: "an instance in the history has no form")
        }
        attribute.value = attribute.value.filled(value)
        // A form says by a moment of its own whether the row's time is the observation's.
        if attribute.observedAt != nil {
            attribute.observedAt = Timestamp(microseconds: place.time)
        }
        attribute.modifiedAt = Timestamp(microseconds: modified ?? place.time)
        attribute.createdAt = Timestamp(microseconds: created ?? modified ?? place.time)
        return attribute
    }
}

extension Attribute {
    /// The moment the history is ordered by.
    var historyTime: Int64 { (observedAt ?? modifiedAt ?? createdAt)?.microseconds ?? 0 }

    /// What two instances of one moment are compared by.
    var content: Attribute {
        var content = self
        content.createdAt = nil
        content.modifiedAt = nil
        content.details?.instanceID = nil
        if content.details == AttributeDetails() { content.details = nil }
        return content
    }

    fileprivate func form(value: JSONValue) -> Attribute {
        Attribute(
            kind: kind,
            value: value,
            datasetID: datasetID,
            observedAt: observedAt == nil ? nil : Timestamp(microseconds: 0),
            unitCode: unitCode
        )
    }
}

extension JSONValue {
    /// What the value column holds.
    fileprivate var columnValue: Scalar {
        switch self {
        case .number(let number):
            number.doubleValue.isFinite ? .number(number.doubleValue) : .null
        case .bool(let bool): .number(bool ? 1 : 0)
        case .string(let text): .text(text)
        case .null, .array, .object: .null
        }
    }

    /// The value's kind without the value, when a column gives the value back exactly as it was.
    fileprivate var blank: JSONValue? {
        switch self {
        case .number(let number):
            number.doubleValue.isFinite
                && JSONNumber(number.doubleValue).literal == number.literal ? 0 : nil
        case .bool: false
        case .string: ""
        case .null, .array, .object: nil
        }
    }

    fileprivate func filled(_ scalar: Scalar) -> JSONValue {
        switch (self, scalar) {
        case (.number, .number(let number)): .number(JSONNumber(number))
        case (.bool, .number(let number)): .bool(number != 0)
        case (.string, .text(let text)): .string(text)
        default: self
        }
    }
}

/// The statements that keep the history.
struct HistoryStatements {
    let insert, atMoment, any, remember, forget, find, delete: Statement

    init(_ connection: Connection) throws {
        insert = try connection.prepare(
            """
            INSERT OR IGNORE INTO history (entity, name, dataset, time, sequence, form, modified,
                created, value, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """
        )
        atMoment = try connection.prepare(
            """
            SELECT \(HistoryRow.columns) FROM history
            WHERE entity = ?1 AND name = ?2 AND dataset = ?3 AND time = ?4 ORDER BY sequence
            """
        )
        any = try connection.prepare("SELECT 1 FROM history WHERE entity = ?1 LIMIT 1")
        remember = try connection.prepare(
            "INSERT OR REPLACE INTO instance VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        )
        forget = try connection.prepare(
            "DELETE FROM instance WHERE entity = ?1 AND name = ?2 AND id = ?3"
        )
        find = try connection.prepare(
            """
            SELECT dataset, time, sequence FROM instance
            WHERE entity = ?1 AND name = ?2 AND id = ?3
            """
        )
        delete = try connection.prepare(
            """
            DELETE FROM history WHERE entity = ?1 AND name = ?2 AND dataset = ?3 AND time = ?4
            AND sequence = ?5
            """
        )
    }
}
