internal import ContextModel
internal import Storage

/// The place of an instance in the history table, without its sequence among those of one moment.
struct HistoryPlace {
    var series: HistorySeries
    var time: Int64
}

/// An instance as the history table stores it.
///
/// Most readings differ in value and time alone. What they have in common is a *form*, which is
/// stored once; a row has the number of its form, and the value. Any other instance has a body of
/// its own. In both cases the value column holds a scalar value, so that aggregation reads no
/// bodies of numbers.
struct HistoryRow: Equatable {
    var form: Int64?
    /// The `modifiedAt`; nil when it equals the time of the row.
    var modified: Int64?
    /// The `createdAt`; nil when it equals `modifiedAt`.
    var created: Int64?
    var value: Scalar
    var body: [UInt8]?

    /// The columns that `HistoryRow(_:)` reads, in its order.
    static let columns = "sequence, form, modified, created, value, body"

    init(_ instance: Attribute, form: (HistoryForm) throws -> Int64) throws {
        let time = instance.historyTime
        let modifiedAt = instance.modifiedAt?.microseconds
        modified = modifiedAt == time ? nil : modifiedAt
        let createdAt = instance.createdAt?.microseconds
        created = createdAt == (modifiedAt ?? time) ? nil : createdAt
        let content = instance.value.column
        value = content.scalar
        // An absent moment would read back as the moment it defaults to, so such an instance keeps
        // its body.
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

    /// The approximate number of bytes of the row.
    var bytes: Int {
        if case .text(let text) = value { return text.utf8.count + (body?.count ?? 0) }
        return body?.count ?? 0
    }

    /// The approximate number of bytes of a row that is not decoded.
    static func bytes(_ row: Statement) -> Int { row.byteCount(4) + row.byteCount(5) }

    /// Whether both rows, of the same moment of a series, have equal content; nil when only their
    /// bodies can tell.
    func hasContent(of other: HistoryRow) -> Bool? {
        guard body == nil, other.body == nil else { return nil }
        return form == other.form && value == other.value
    }

    /// The time at which the instance was written; `time` is the time of its row.
    func changedAt(_ time: Int64) -> Int64 { modified ?? time }

    /// The instance; `time` is the time of its row.
    func attribute(_ vocabulary: Vocabulary, at time: Int64) throws -> Attribute {
        if let body { return try Body.attribute(body) }
        guard let form else { throw Vocabulary.missingForm }
        var attribute = try vocabulary.form(form)
        attribute.fill(value, at: time, modified: modified ?? time, created: created)
        return attribute
    }
}

/// What readings have in common: all of an instance except its value and its times.
struct HistoryForm: Hashable {
    /// The kinds of values that a column returns exactly as they were stored.
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

    /// An instance with all that the form has, to which a value and times are added.
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

extension Attribute {
    /// Adds to a form the value and the times of an instance; `time` is that of its row.
    mutating func fill(_ value: Scalar, at time: Int64, modified: Int64, created: Int64?) {
        self.value = self.value.filled(value)
        // A form with an `observedAt` says that the time of the row is the time of observation.
        if observedAt != nil { observedAt = Timestamp(microseconds: time) }
        modifiedAt = Timestamp(microseconds: modified)
        createdAt = Timestamp(microseconds: created ?? modified)
    }
}

extension JSONValue {
    /// The content of the value column, and the blank that it fills if the value reads back
    /// exactly.
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
    /// Whether the literal equals the text that JSON writes for the number.
    fileprivate func isWritten(as double: Double) -> Bool {
        // JSON has one text for each whole number but zero, so these need not be written out.
        if let whole = intValue, whole != 0, abs(double) < 1e15 { return true }
        return JSONNumber(double).literal == literal
    }
}

/// The statements that read and write the history.
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

    /// Adds the row unless it is there; the connection's `changes` tell whether it was added.
    func insert(_ row: HistoryRow, at place: HistoryPlace, sequence: Int64) throws {
        let series = place.series
        try insertRow.bind(1, series.entity).bind(2, series.name).bind(3, series.dataset)
            .bind(4, place.time).bind(5, sequence).bind(6, row.form).bind(7, row.modified)
            .bind(8, row.created).bind(9, row.value).bind(10, row.body).run()
    }

    /// A statement that tells whether anything is left of a history.
    static func any(_ connection: Connection) throws -> Statement {
        try connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM history WHERE entity = ?1)
                OR EXISTS (SELECT 1 FROM segment WHERE entity = ?1)
            """
        )
    }
}
