internal import ContextModel
internal import Governance
internal import Storage

/// Point reads and documents.
extension Reader {
    /// The entity; nil when there is none or the grant does not cover it.
    ///
    /// `byShape` is what a shape, whose row was read before, decides about the grant; nil for a shape that is
    /// no more. Where it decides all, nothing of the entity is decoded.
    func entity(
        _ id: EntityID,
        now: Timestamp,
        grant: ReadGrant,
        byShape: (_ shape: Int64) -> GrantByShape?
    ) throws -> EncodedEntity? {
        byID.bind(1, id.uri)
        defer { byID.reset() }
        guard try byID.step(), byID.int(0) > 0 else { return nil }
        if let expires = byID.optionalInt(1), expires <= now.microseconds {
            // Without the expired part it may have another shape, so its own shape decides nothing.
            let rest = try Body.entity(byID.bytes(2)).unexpired(at: now)
            guard let rest, grant.covers(rest) else { return nil }
            return grant.encode(rest)
        }
        let decided = grant.isForAll ? nil : byShape(byID.int(0))
        let condition = decided?.condition ?? grant.condition
        if condition == .nothing { return nil }
        if condition != .everything {
            let selection = AttributeSelection(condition.attributeNames)
            let entity = try Body.entity(byID.bytes(2), selection)
            guard entity.satisfies(condition) else { return nil }
        }
        let bytes = [UInt8](byID.bytes(2))
        guard let hidden = decided?.hidden else { return try grant.shape(bytes) }
        return EncodedEntity(bytes, hiding: hidden)
    }

    func expired(at now: Timestamp, limit: Int) throws -> [EntityID] {
        let rows = try connection.prepare(
            """
            SELECT id FROM entity INDEXED BY entity_expires
            WHERE expires IS NOT NULL AND expires <= ?1 ORDER BY expires LIMIT ?2
            """
        ).bind(1, now.microseconds).bind(2, Int64(limit))
        var ids: [EntityID] = []
        while try rows.step() { ids.append(EntityID(rows.text(0))) }
        return ids
    }

    func entityCount() throws -> Int {
        let row = try connection.prepare("SELECT count(*) FROM entity WHERE shape >= 0")
        _ = try row.step()
        return Int(row.int(0))
    }

    func documents(_ kind: Document.Kind) throws -> [Document] {
        try connection.documents(kind)
    }

    func document(_ kind: Document.Kind, id: String) throws -> Document? {
        try connection.document(kind, id: id)
    }

    func documentCount(_ kind: Document.Kind) throws -> Int {
        try connection.documentCount(kind)
    }
}

extension Connection {
    func documents(_ kind: Document.Kind) throws -> [Document] {
        try documents(
            of: kind,
            in: prepare("SELECT id, body, owner FROM document WHERE kind = ?1 ORDER BY number")
                .bind(1, kind.rawValue)
        )
    }

    func documents(
        _ kind: Document.Kind,
        inPortionsOf count: Int,
        _ body: ([Document]) throws -> Void
    ) throws {
        // One statement sees one moment. By the table itself, for there are many: SQLite would sort them.
        let rows = try prepare(
            "SELECT id, body, owner FROM document NOT INDEXED WHERE kind = ?1 ORDER BY number"
        ).bind(1, kind.rawValue)
        while true {
            let portion = try documents(of: kind, in: rows, atMost: count)
            if !portion.isEmpty { try body(portion) }
            if portion.count < count { return }
        }
    }

    func documents(
        _ kind: Document.Kind,
        of owner: String,
        offset: Int,
        limit: Int
    ) throws -> [Document] {
        try documents(
            of: kind,
            in: prepare(
                """
                SELECT id, body, owner FROM document INDEXED BY document_owner
                WHERE kind = ?1 AND owner = ?2 ORDER BY number LIMIT ?3 OFFSET ?4
                """
            ).bind(1, kind.rawValue).bind(2, owner).bind(3, Int64(limit)).bind(4, Int64(offset))
        )
    }

    func documents(
        of kind: Document.Kind,
        in rows: Statement,
        atMost count: Int = .max
    ) throws -> [Document] {
        var documents: [Document] = []
        while documents.count < count, try rows.step() {
            documents.append(
                Document(
                    kind: kind,
                    id: rows.text(0),
                    body: [UInt8](rows.bytes(1)),
                    owner: rows.isNull(2) ? nil : rows.text(2)
                )
            )
        }
        return documents
    }

    func documentCount(_ kind: Document.Kind, of owner: String) throws -> Int {
        let row = try prepare(
            """
            SELECT count(*) FROM document INDEXED BY document_owner
            WHERE kind = ?1 AND owner = ?2
            """
        ).bind(1, kind.rawValue).bind(2, owner)
        _ = try row.step()
        return Int(row.int(0))
    }

    func document(_ kind: Document.Kind, id: String) throws -> Document? {
        let row = try prepare("SELECT id, body, owner FROM document WHERE kind = ?1 AND id = ?2")
            .bind(1, kind.rawValue).bind(2, id)
        return try documents(of: kind, in: row).first
    }

    func documentCount(_ kind: Document.Kind) throws -> Int {
        let row = try prepare("SELECT count(*) FROM document WHERE kind = ?1")
            .bind(1, kind.rawValue)
        _ = try row.step()
        return Int(row.int(0))
    }
}

extension ReadGrant {
    /// Whether it covers every entity, and hides the same in all of them.
    fileprivate var isForAll: Bool { condition == .everything && hidden.isUniform }
}
