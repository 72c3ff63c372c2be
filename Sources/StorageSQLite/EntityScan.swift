internal import ContextModel
internal import Governance
internal import Storage

/// An entity that may match a query, not decoded yet.
struct Candidate {
    var key: Int64
    var shape: Int64
    /// The statement at the row of the candidate; valid until the next candidate is asked for.
    var row: Statement

    /// The columns that every statement for candidates selects, in this order.
    static let columns = "key, shape, expires, body, history"

    func isExpired(_ now: Timestamp) -> Bool {
        row.optionalInt(2).map { $0 <= now.microseconds } ?? false
    }

    /// The number of the entity in the history table.
    var history: Int64 { row.optionalInt(4) ?? key }

    /// A copy of the bytes of the body.
    var body: [UInt8] { [UInt8](row.bytes(3)) }

    /// The number of bytes of the body.
    var size: Int { row.bytes(3).count }

    func entity() throws -> Entity { try Body.entity(row.bytes(3)) }

    /// The entity with the selected attributes alone.
    func entity(_ selection: AttributeSelection) throws -> Entity {
        try Body.entity(row.bytes(3), selection)
    }

    /// The same for a reader; one from whom something is hidden gets a `modifiedAt` computed from
    /// the rest.
    func entity(_ selection: AttributeSelection, for grant: ReadGrant) throws -> Entity {
        grant.hidden.isEmpty ? try entity(selection) : grant.dated(try entity())
    }
}

/// A sequence of candidates in the order of creation.
protocol CandidateSource {
    mutating func next() throws -> Candidate?
}

/// The entities of a few shapes: each shape is read in the order of keys, and the results are
/// merged.
struct ShapeMerge: CandidateSource {
    private var statements: [Statement] = []
    private var moved: Int?
    private var last: Int64?

    /// With `past`, it includes the entities that had one of those shapes before, without
    /// attributes.
    init(_ connection: Connection, shapes: [Int64], past: [Int64] = []) throws {
        for shape in past {
            let statement = try connection.prepare(
                """
                SELECT e.key, e.shape, expires, e.body, history
                FROM past p CROSS JOIN entity e ON e.key = p.entity
                WHERE p.shape = ?1 ORDER BY p.entity
                """
            ).bind(1, shape)
            if try statement.step() { statements.append(statement) }
        }
        for shape in shapes {
            let statement = try connection.prepare(
                """
                SELECT \(Candidate.columns) FROM entity INDEXED BY entity_shape
                WHERE shape = ?1 ORDER BY key
                """
            ).bind(1, shape)
            if try statement.step() { statements.append(statement) }
        }
    }

    mutating func next() throws -> Candidate? {
        while true {
            if let moved, try !statements[moved].step() { statements.remove(at: moved) }
            moved = statements.indices.min { statements[$0].int(0) < statements[$1].int(0) }
            guard let moved else { return nil }
            let row = statements[moved]
            // An entity that had several shapes is in several lists.
            guard row.int(0) != last else { continue }
            last = row.int(0)
            return Candidate(key: row.int(0), shape: row.int(1), row: row)
        }
    }
}

/// All entities in the order of keys; the caller skips the shapes that it does not want.
struct KeyScan: CandidateSource {
    private let statement: Statement

    init(_ connection: Connection) throws {
        statement = try connection.prepare("SELECT \(Candidate.columns) FROM entity ORDER BY key")
    }

    mutating func next() throws -> Candidate? {
        guard try statement.step() else { return nil }
        return Candidate(key: statement.int(0), shape: statement.int(1), row: statement)
    }
}

/// The entities with one value of an attribute, read from its value index.
struct ValueWalk: CandidateSource {
    private let statement: Statement

    init(_ connection: Connection, name: Int64, value: Scalar) throws {
        statement = try connection.prepare(
            """
            SELECT e.key, shape, expires, body, history FROM attribute_value v
            CROSS JOIN entity e ON e.key = v.key
            WHERE v.name = ?1 AND v.value = ?2 ORDER BY v.key
            """
        ).bind(1, name).bind(2, value)
    }

    mutating func next() throws -> Candidate? {
        guard try statement.step() else { return nil }
        return Candidate(key: statement.int(0), shape: statement.int(1), row: statement)
    }
}

/// The entities with given keys.
struct KeyList: CandidateSource {
    private var keys: ArraySlice<Int64>
    private let byKey: Statement

    /// Creates the list; it is read in the order of creation.
    init(_ connection: Connection, keys: [Int64]) throws {
        try self.init(connection, inOrder: keys.sorted()[...])
    }

    /// Looks up the entities of the shapes, with `past` also those that had one of these shapes
    /// before; nil when there are too many.
    init?(
        _ connection: Connection,
        shapes: some Sequence<Int64>,
        past: some Sequence<Int64> = EmptyCollection()
    ) throws {
        var keys: Set<Int64> = []
        /// Adds the entities of the shape; returns whether there was room for all.
        func add(_ rows: Statement, of shape: Int64) throws -> Bool {
            rows.bind(1, shape)
            defer { rows.reset() }
            while try rows.step() {
                guard keys.count < Limits.keysFromIndex else { return false }
                keys.insert(rows.int(0))
            }
            return true
        }
        let are = try connection.prepare(
            "SELECT key FROM entity INDEXED BY entity_shape WHERE shape = ?1"
        )
        for shape in shapes { guard try add(are, of: shape) else { return nil } }
        let were = try connection.prepare("SELECT entity FROM past WHERE shape = ?1")
        for shape in past { guard try add(were, of: shape) else { return nil } }
        try self.init(connection, keys: Array(keys))
    }

    init(_ connection: Connection, inOrder keys: ArraySlice<Int64>) throws {
        self.keys = keys
        byKey = try connection.prepare("SELECT \(Candidate.columns) FROM entity WHERE key = ?1")
    }

    mutating func next() throws -> Candidate? {
        while let key = keys.popFirst() {
            byKey.reset()
            if try byKey.bind(1, key).step() {
                return Candidate(key: key, shape: byKey.int(1), row: byKey)
            }
        }
        return nil
    }
}
