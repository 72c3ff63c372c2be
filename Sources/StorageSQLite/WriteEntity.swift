internal import ContextModel
internal import Governance
internal import Storage

/// Changes of current state.
extension Writer: StoreTransaction {
    func entity(_ id: EntityID, grant: InternalGrant) throws -> Entity? {
        guard let stored = try stored(id), stored.isCurrent else { return nil }
        return stored.entity
    }

    /// The row of the entity, even when only its history is left.
    func stored(_ id: EntityID) throws -> StoredEntity? { try rows.row(id) }

    func put(_ entity: Entity) throws {
        let old = try stored(entity.id)
        // Encoded first, so that nothing is written of an entity that is too large.
        let body = try entity.encoded(before: old?.bytes ?? 0)
        try transaction.willWrite()
        if let old, old.isCurrent {
            let isShapedAlike =
                entity.isShaped(like: old.entity) && vocabulary.hasNotedReadings(of: old.shape)
            let shape = try isShapedAlike ? old.shape : vocabulary.shape(of: entity)
            try replace(old, with: entity, body, shape: shape)
            try keepPast(of: old, before: entity, key: old.key)
        } else {
            let shape = try vocabulary.shape(of: entity)
            // An entity that is created again moves, with its history, to the end of the order of
            // creation.
            if let old { try rows.delete(old) }
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
        if shape != old.shape { vocabulary.noteUnused(old.entity.attributes.count + 1) }
        try rows.replace(old, with: entity, body, shape: shape)
        try indexes.update(key: old.key, from: old.entity, to: entity)
    }

    /// Inserts the row and returns its key.
    private func insert(
        _ entity: Entity,
        _ body: [UInt8],
        shape: Int64,
        history: Int64?
    ) throws -> Int64 {
        let row = try rows.insert(
            entity,
            body,
            shape: shape,
            history: history,
            key: detached.keyOfNewRow()
        )
        try indexes.add(entity, key: row.key)
        return row.key
    }

    func remove(_ id: EntityID) throws -> Bool {
        guard let old = try stored(id), old.isCurrent else { return false }
        try transaction.willWrite()
        vocabulary.noteUnused(old.entity.attributes.count + 1)
        try indexes.remove(old.entity, key: old.key)
        if try hasRows(history: old.history) {
            try keepHistoryOnly(old, entity: old.entity)
        } else {
            try forget(old)
        }
        return true
    }

    /// Removes the row of an entity of which no history is left.
    func forget(_ row: StoredEntity) throws {
        vocabulary.noteUnused(1)
        try rows.delete(row)
        try removePast(of: row.key)
    }

    /// Keeps the row for its history: all but the attributes.
    func keepHistoryOnly(_ old: StoredEntity, entity: Entity) throws {
        var rest = entity
        rest.attributes = []
        rest.expiresAt = nil
        let shape = -(try vocabulary.shape(of: rest))
        vocabulary.noteUnused(1)
        try rows.replace(old, with: rest, Body.bytes(rest), shape: shape)
    }

    /// The row of the entity, which is created for its history if there is none.
    func historyRow(_ id: EntityID, types: [IRI], scopes: [String]) throws -> StoredEntity {
        if let stored = try stored(id) { return stored }
        try transaction.willWrite()
        let rest = Entity(id: id, types: types, scopes: scopes)
        return try rows.insert(
            rest,
            Body.bytes(rest),
            shape: -(vocabulary.shape(of: rest)),
            history: nil,
            key: detached.keyOfNewRow()
        )
    }
}
