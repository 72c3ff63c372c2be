internal import ContextModel
internal import Storage

/// Where an instance stands in the history table, but for the sequence among equals.
struct HistoryPlace {
    var series: HistorySeries
    var time: Int64
}

/// An instance as the history table keeps it.
///
/// Most readings differ in value and time alone. What they share is a *form*, stored once; the row
/// has the number of the form and the value. Any other instance is a body of its own. The value
/// column holds a scalar value in both cases, so that aggregation reads no bodies of numbers.
struct HistoryRow: Equatable {
    var form: Int64?
    /// nil when it is the row's time.
    var modified: Int64?
    /// nil when it is the time of the modification.
    var created: Int64?
    var value: Scalar
    var body: [UInt8]?

    /// The columns `HistoryRow(_:)` reads, in its order.
    static let columns = "sequence, form, modified, created, value, body"

    init(_ instance: Attribute, form: (HistoryForm) throws -> Int64) throws {
        let time = instance.historyTime
        let modifiedAt = instance.modifiedAt?.microseconds
        modified = modifiedAt == time ? nil : modifiedAt
        let createdAt = instance.createdAt?.microseconds
        created = createdAt == (modifiedAt ?? time) ? nil : createdAt
        let content = instance.value.column
        value = content.scalar
        // A nil moment reads back as the one it would equal, so such an instance keeps its body.
        let hasTimes = modifiedAt != nil && createdAt != nil
        if hasTimes, instance.attributes.isEmpty, instance.details == nil,
            let blank = content.blank
        {
            self.form = try form(HistoryForm(instance, blank: blank))
        } else {
            body = Body.bytes(instance)
        }
    }

    init(form: Int64?, modified: Int64?, created: Int64?, value: Scalar, body: [UInt8]?) {
        self.form = form
        self.modified = modified
        self.created = created
        self.value = value
        self.body = body
    }

    init(_ row: Statement) {
        form = row.optionalInt(1)
        modified = row.optionalInt(2)
        created = row.optionalInt(3)
        value = row.scalar(4)
        body = row.isNull(5) ? nil : [UInt8](row.bytes(5))
    }

    /// About as many as the row takes.
    var bytes: Int {
        if case .text(let text) = value { return text.utf8.count + (body?.count ?? 0) }
        return body?.count ?? 0
    }

    /// About as many as a row takes that is not read.
    static func bytes(_ row: Statement) -> Int { row.byteCount(4) + row.byteCount(5) }

    /// Whether both rows, which stand at one moment of a series, say the same; nil when their bodies
    /// must be read to tell.
    func hasContent(of other: HistoryRow) -> Bool? {
        guard body == nil, other.body == nil else { return nil }
        return form == other.form && value == other.value
    }

    /// When the instance, which stands at that moment of its series, was written.
    func changedAt(_ time: Int64) -> Int64 { modified ?? time }

    /// The instance, which stands at that moment of its series.
    func attribute(_ vocabulary: Vocabulary, at time: Int64) throws -> Attribute {
        if let body { return try Body.attribute(body) }
        guard let form, var attribute = vocabulary.forms[form] else {
            throw StorageError(.damaged, note: "an instance in the history has no form")
        }
        attribute.value = attribute.value.filled(value)
        // A form says by a moment of its own whether the row's time is the observation's.
        if attribute.observedAt != nil {
            attribute.observedAt = Timestamp(microseconds: time)
        }
        attribute.modifiedAt = Timestamp(microseconds: modified ?? time)
        attribute.createdAt = Timestamp(microseconds: created ?? modified ?? time)
        return attribute
    }
}

/// What readings have in common: all of an instance but its value and its moments.
struct HistoryForm: Hashable {
    /// Kinds of value that a column gives back exactly as they were.
    enum Blank { case number, bool, string }

    private var kind: Attribute.Kind
    private var blank: Blank
    private var datasetID: String?
    private var isObserved: Bool
    private var unitCode: String?

    init(_ instance: Attribute, blank: Blank) {
        kind = instance.kind
        self.blank = blank
        datasetID = instance.datasetID
        isObserved = instance.observedAt != nil
        unitCode = instance.unitCode
    }

    /// An instance with all that the form says, to be filled with a value and moments.
    var attribute: Attribute {
        let value: JSONValue =
            switch blank {
            case .number: 0
            case .bool: false
            case .string: ""
            }
        return Attribute(
            kind: kind,
            value: value,
            datasetID: datasetID,
            observedAt: isObserved ? Timestamp(microseconds: 0) : nil,
            unitCode: unitCode
        )
    }
}

extension JSONValue {
    /// What the value column holds, and which blank it fills exactly as the value was written.
    fileprivate var column: (scalar: Scalar, blank: HistoryForm.Blank?) {
        switch self {
        case .number(let number):
            let double = number.doubleValue
            guard double.isFinite else { return (.null, nil) }
            return (.number(double), number.isWritten(as: double) ? .number : nil)
        case .bool(let bool): return (.number(bool ? 1 : 0), .bool)
        case .string(let text): return (.text(text), .string)
        case .null, .array, .object: return (.null, nil)
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

extension JSONNumber {
    /// Whether the literal is the one that the number's double makes.
    fileprivate func isWritten(as double: Double) -> Bool {
        // Whole numbers need not be written out to see that: JSON spells each in one way but zero.
        if let whole = intValue, whole != 0, abs(double) < 1e15 { return true }
        return JSONNumber(double).literal == literal
    }
}

/// The statements that keep the history.
struct HistoryStatements {
    let atMoment, newestAtMoment, newest, one, any, remember, forget, find, delete: Statement
    private let insertRow: Statement

    init(_ connection: Connection) throws {
        insertRow = try connection.prepare(
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
        newestAtMoment = try connection.prepare(
            """
            SELECT \(HistoryRow.columns) FROM history
            WHERE entity = ?1 AND name = ?2 AND dataset = ?3 AND time = ?4
            ORDER BY sequence DESC LIMIT ?5
            """
        )
        newest = try connection.prepare(
            """
            SELECT coalesce(modified, time) FROM history
            WHERE entity = ?1 AND name = ?2 AND dataset = ?3
            ORDER BY time DESC, sequence DESC LIMIT 1
            """
        )
        one = try connection.prepare(
            """
            SELECT \(HistoryRow.columns) FROM history
            WHERE entity = ?1 AND name = ?2 AND dataset = ?3 AND time = ?4 AND sequence = ?5
            """
        )
        any = try Self.any(connection)
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

    /// Adds the row unless one is there; whether it did, the connection's `changes` tell.
    func insert(_ row: HistoryRow, at place: HistoryPlace, sequence: Int64) throws {
        let series = place.series
        try insertRow.bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
            .bind(4, place.time).bind(5, sequence).bind(6, row.form).bind(7, row.modified)
            .bind(8, row.created).bind(9, row.value).bind(10, row.body).run()
    }

    /// Tells whether anything is left of a history.
    static func any(_ connection: Connection) throws -> Statement {
        try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM history WHERE entity = ?1)
                OR EXISTS (SELECT 1 FROM segment WHERE entity = ?1)
            """
        )
    }
}
