internal import ContextModel
internal import Storage

/// A row of the entity table.
struct StoredEntity {
    var id: EntityID
    var key: Int64
    /// The number of the shape; negative when only history is left.
    var shape: Int64
    /// The number of the entity in the history table.
    var history: Int64
    /// The current state; of a row that has history only, what is known, without attributes.
    var entity: Entity
    /// The number of bytes of the entity in its row.
    var bytes: Int

    var isCurrent: Bool { shape > 0 }
}

/// The entity table, as the writer reads and changes it.
///
/// It caches the row that was read last, because most requests read an entity before they write
/// it.
final class EntityRows {
    private var recent: StoredEntity?

    private let connection: Connection
    private let findRow, insertRow, updateBody, updateRow, deleteRow: Statement

    init(_ connection: Connection) throws {
        self.connection = connection
        findRow = try connection.prepare(
            "SELECT key, shape, history, body FROM entity WHERE id = ?1"
        )
        insertRow = try connection.prepare(
            """
            INSERT INTO entity (key, id, shape, history, expires, body)
            VALUES (?6, ?1, ?2, ?3, ?4, ?5)
            """
        )
        // A statement that sets the body alone updates no index.
        updateBody = try connection.prepare("UPDATE entity SET body = ?2 WHERE key = ?1")
        updateRow = try connection.prepare(
            "UPDATE entity SET shape = ?2, expires = ?3, body = ?4 WHERE key = ?1"
        )
        deleteRow = try connection.prepare("DELETE FROM entity WHERE key = ?1")
    }

    /// The row of the entity, even when only its history is left.
    func row(_ id: EntityID) throws -> StoredEntity? {
        if let recent, recent.id == id { return recent }
        let row = findRow.bind(1, id.uri)
        defer { row.reset() }
        guard try row.step() else { return nil }
        recent = StoredEntity(
            id: id,
            key: row.int(0),
            shape: row.int(1),
            history: row.optionalInt(2) ?? row.int(0),
            entity: try Body.entity(row.bytes(3)),
            bytes: row.bytes(3).count
        )
        return recent
    }

    /// Adds a row under `key`, or under a key that SQLite chooses.
    ///
    /// The number of its history is its key, unless it has a number already.
    func insert(
        _ entity: Entity,
        _ body: [UInt8],
        shape: Int64,
        history: Int64?,
        key: Int64?
    ) throws -> StoredEntity {
        try insertRow.bind(1, entity.id.uri).bind(2, shape).bind(3, history)
            .bind(4, entity.nextExpiry?.microseconds).bind(5, body).bind(6, key).run()
        let key = connection.lastRowID
        let row = StoredEntity(
            id: entity.id,
            key: key,
            shape: shape,
            history: history ?? key,
            entity: entity,
            bytes: body.count
        )
        recent = row
        return row
    }

    func replace(
        _ old: StoredEntity,
        with entity: Entity,
        _ body: [UInt8],
        shape: Int64
    ) throws {
        let expiry = entity.nextExpiry
        if shape == old.shape && expiry == old.entity.nextExpiry {
            try updateBody.bind(1, old.key).bind(2, body).run()
        } else {
            try updateRow.bind(1, old.key).bind(2, shape).bind(3, expiry?.microseconds)
                .bind(4, body).run()
        }
        recent = StoredEntity(
            id: old.id,
            key: old.key,
            shape: shape,
            history: old.history,
            entity: entity,
            bytes: body.count
        )
    }

    func delete(_ row: StoredEntity) throws {
        try deleteRow.bind(1, row.key).run()
        recent = nil
    }

    /// Gives the entity's history another number.
    func renumberHistory(of row: StoredEntity, as number: Int64) throws {
        let update = try connection.prepare("UPDATE entity SET history = ?2 WHERE key = ?1")
        try update.bind(1, row.key).bind(2, number).run()
        recent = nil
    }

    /// Forgets the cached row.
    func clearCache() { recent = nil }
}
