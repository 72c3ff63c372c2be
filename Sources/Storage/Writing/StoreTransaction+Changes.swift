package import ContextModel
package import Governance

/// The application of a request's changes in a transaction, the same for every store.
extension StoreTransaction {
    /// Does the work of `TenantStore.change` within the transaction.
    package func change<Answer>(
        _ id: EntityID,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: (GrantedEntity) throws -> (Changes, Answer)
    ) throws -> Answer {
        let (changes, answer) = try body(try granted(id, grant, at: now))
        try apply(changes)
        return answer
    }

    /// Does the work of `TenantStore.changeEach` within the transaction.
    ///
    /// `othersWait` tells whether another request waits for the transaction to end.
    package func changeEach<Answer>(
        _ ids: ArraySlice<EntityID>,
        grant: WriteGrant,
        at now: Timestamp?,
        clock: @escaping @Sendable () -> Timestamp,
        othersWait: @escaping () -> Bool,
        _ body: (Int, GrantedEntity) throws -> (Changes, Answer)
    ) throws -> [Result<Answer, any Error>] {
        var portion = WritePortion(clock, othersWait: othersWait)
        var results: [Result<Answer, any Error>] = []
        results.reserveCapacity(min(ids.count, WritePortion.maximumElements))
        for index in ids.indices {
            guard portion.takesOneMore() else { break }
            let entity = try granted(ids[index], grant, at: now)
            do {
                let (changes, answer) = try body(index, entity)
                try applyAlone(changes)
                results.append(.success(answer))
            } catch let error as Interrupted {
                throw error.error
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    /// Does the work of `TenantStore.changeEvolution` within the transaction.
    package func changeEvolution<Answer>(
        of id: EntityID,
        grant: WriteGrant,
        _ body: (GrantedEvolution) throws -> (Changes, Answer)
    ) throws -> Answer {
        let (changes, answer) = try body(try grantedEvolution(id, grant))
        try apply(changes)
        return answer
    }

    /// Does the work of `TenantStore.removeHistory` within the transaction.
    package func removeHistory(
        of id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?,
        grant: WriteGrant
    ) throws -> HistoryRemovalStep? {
        guard try grantedEvolution(id, grant).seen != nil else { return nil }
        return try removeHistory(id, what, from: position)
    }

    private func grantedEvolution(
        _ id: EntityID,
        _ grant: WriteGrant
    ) throws -> GrantedEvolution {
        let reason = InternalGrant(.mergeOnWrite)
        return GrantedEvolution(
            id,
            current: try entity(id, grant: reason),
            evolving: try evolving(id, grant: reason),
            grant: grant
        )
    }

    private func granted(
        _ id: EntityID,
        _ grant: WriteGrant,
        at now: Timestamp?
    ) throws -> GrantedEntity {
        var stored = try entity(id, grant: InternalGrant(.mergeOnWrite))
        if let now { stored = stored?.unexpired(at: now) }
        return GrantedEntity(id, stored: stored, grant: grant)
    }

    // MARK: Applying

    private func apply(_ changes: Changes) throws {
        switch changes.state {
        case .put(let entity): try put(entity)
        case .remove(let id): _ = try remove(id)
        case nil: break
        }
        if let history = changes.history { try apply(history) }
        for note in changes.notes { try note.apply(to: self) }
        try send(changes.messages)
        if let whenStored = changes.whenStored { afterCommit(whenStored) }
    }

    /// Applies one of several changes.
    ///
    /// If it is refused before anything of it is written, it fails alone. Any other error ends the
    /// whole transaction.
    private func applyAlone(_ changes: Changes) throws {
        do {
            try apply(changes)
        } catch let error as StorageError where error.code == .entityTooLarge {
            throw error
        } catch {
            throw Interrupted(error: error)
        }
    }

    private func apply(_ history: GrantedHistory) throws {
        switch history.step {
        case .add(let instances, let types, let scopes, let correcting):
            try appendHistory(
                history.id,
                types: types,
                scopes: scopes,
                instances,
                correcting: correcting
            )
        case .remove(let what, let error):
            guard try removeHistory(history.id, what) else { throw error }
        case .replace(let instanceID, let name, let attribute, let error):
            let isReplaced = try modifyHistory(
                history.id,
                name: name,
                instanceID: instanceID,
                attribute
            )
            guard isReplaced else { throw error }
        }
    }
}

/// An error after which a transaction is half done and must be undone.
private struct Interrupted: Error { let error: any Error }
