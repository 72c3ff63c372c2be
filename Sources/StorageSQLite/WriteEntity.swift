internal import ContextModel
internal import Governance
internal import Storage

/// Current state, as a transaction changes it.
extension Writer: StoreTransaction {
    func entity(_ id: EntityID, grant: InternalGrant) throws -> Entity? {
        guard let stored = try stored(id), stored.isCurrent else { return nil }
        return stored.entity
    }

    /// The row of the entity, also when only its history is left.
    func stored(_ id: EntityID) throws -> StoredEntity? {
        if let recent, recent.id == id { return recent }
        let row = statements.byID.bind(1, id.uri)
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

    func put(_ entity: Entity) throws {
        let old = try stored(entity.id)
        // First of all, so that nothing is written of an entity that is too large.
        let body = try entity.encoded(before: old?.bytes ?? 0)
        try willWrite()
        if let old, old.isCurrent {
            let isShapedAlike = entity.isShaped(like: old.entity)
            let shape = try isShapedAlike ? old.shape : shape(of: entity)
            try replace(old, with: entity, body, shape: shape)
            try keepPast(of: old, before: entity, key: old.key)
        } else {
            let shape = try shape(of: entity)
            // A new life of an entity takes its place at the end of the order of creation, and its
            // history along.
            if let old { try statements.delete.bind(1, old.key).run() }
            let key = try insert(entity, body, shape: shape, history: old?.history)
            if let old {
                try movePast(from: old.key, to: key)
                try keepPast(of: old, before: entity, key: key)
            }
        }
    }

    private func replace(
        _ old: StoredEntity,
        with entity: Entity,
        _ body: [UInt8],
        shape: Int64
    ) throws {
        if shape == old.shape && entity.nextExpiry == old.entity.nextExpiry {
            try statements.updateBody.bind(1, old.key).bind(2, body).run()
        } else {
            possiblyUnused += old.entity.attributes.count + 1
            try statements.update.bind(1, old.key).bind(2, shape)
                .bind(3, entity.nextExpiry?.microseconds).bind(4, body).run()
        }
        if touchesIndexes(old.entity, entity) {
            try reindex(key: old.key, from: entries(old.entity), to: entries(entity))
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

    /// The key of the new row.
    private func insert(
        _ entity: Entity,
        _ body: [UInt8],
        shape: Int64,
        history: Int64?
    ) throws -> Int64 {
        try statements.insert.bind(1, entity.id.uri).bind(2, shape).bind(3, history)
            .bind(4, entity.nextExpiry?.microseconds).bind(5, body).bind(6, keyOfNewRow()).run()
        let key = connection.lastRowID
        try reindex(key: key, from: IndexEntries(), to: entries(entity))
        recent = StoredEntity(
            id: entity.id,
            key: key,
            shape: shape,
            history: history ?? key,
            entity: entity,
            bytes: body.count
        )
        return key
    }

    func remove(_ id: EntityID) throws -> Bool {
        guard let old = try stored(id), old.isCurrent else { return false }
        try willWrite()
        possiblyUnused += old.entity.attributes.count + 1
        try reindex(key: old.key, from: entries(old.entity), to: IndexEntries())
        if try hasRows(history: old.history) {
            try keepHistoryOnly(old, entity: old.entity)
        } else {
            try forget(old)
        }
        return true
    }

    /// Removes the row of an entity of which no history is left.
    func forget(_ row: StoredEntity) throws {
        possiblyUnused += 1
        try statements.delete.bind(1, row.key).run()
        try removePast(of: row.key)
        recent = nil
    }

    /// Turns the row into one that stands for history alone: all but attributes is kept.
    func keepHistoryOnly(_ old: StoredEntity, entity: Entity) throws {
        var rest = entity
        rest.attributes = []
        rest.expiresAt = nil
        let shape = -(try shape(of: rest))
        let body = Body.bytes(rest)
        possiblyUnused += 1
        try statements.update.bind(1, old.key).bind(2, shape).bind(3, nil as Int64?)
            .bind(4, body).run()
        recent = StoredEntity(
            id: old.id,
            key: old.key,
            shape: shape,
            history: old.history,
            entity: rest,
            bytes: body.count
        )
    }

    /// The entity's number in the history table, with a row for it if there is none yet.
    func historyRow(_ id: EntityID, types: [IRI], scopes: [String]) throws -> StoredEntity {
        if let stored = try stored(id) { return stored }
        try willWrite()
        let rest = Entity(id: id, types: types, scopes: scopes)
        let shape = -(try shape(of: rest))
        let body = Body.bytes(rest)
        try statements.insert.bind(1, id.uri).bind(2, shape).bind(3, nil as Int64?)
            .bind(4, nil as Int64?).bind(5, body).bind(6, keyOfNewRow()).run()
        let key = connection.lastRowID
        let stored = StoredEntity(
            id: id,
            key: key,
            shape: shape,
            history: key,
            entity: rest,
            bytes: body.count
        )
        recent = stored
        return stored
    }
}
