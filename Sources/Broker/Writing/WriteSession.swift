import ContextModel
import Federation
import Governance
import Storage

/// One request's right to change city data, made by one decision.
///
/// It is the only value of the Broker whose methods change city data. An operation names what it
/// changes, and passes a function that returns a change for the stored entity as its caller may
/// know it. The operation does not see the grant: the store checks that the grant covers the
/// change, before and after it (`GrantedEntity`).
///
///     let session = try await session(caller, makesTenant: false)
///     try await session.change(id, naming: names) { entity, now in
///         guard let entity else { throw BrokerError.unknown(id) }
///         return (.deletion(of: entity), ())
///     }
///
/// The function may be called more than once. So it must depend on its arguments alone and have no
/// side effects.
struct WriteSession: Sendable {
    private let store: any TenantStore
    /// The grant of the decision.
    private let grant: WriteGrant
    private let effects: ChangeEffects

    init(_ store: any TenantStore, _ grant: WriteGrant, _ effects: ChangeEffects) {
        self.store = store
        self.grant = grant
        self.effects = effects
    }

    /// The time of the request and of its changes.
    var now: Timestamp { effects.now }

    /// Throws for a request that names, at any depth, something hidden from the writer.
    func requireVisible(_ names: @autoclosure () -> [IRI]) throws(BrokerError) {
        try grant.requireVisible(names())
    }

    // MARK: Current state

    /// Throws unless the writer may change the entity at a source and have it afterwards with
    /// these types added, by what is known of it, and may give values to the attributes.
    func require(
        _ entity: EntityAtSource,
        adding types: [IRI],
        naming names: [IRI]
    ) throws(BrokerError) {
        try grant.requireVisible(names)
        guard may(change: entity, adding: types, naming: names) else {
            guard let id = entity.id else {
                throw BrokerError(.forbidden, "Your token does not allow this change.")
            }
            throw BrokerError.mayNotWrite(id)
        }
    }

    /// Whether the writer may change the entity at a source; see `require`.
    func may(
        change entity: EntityAtSource,
        adding types: [IRI] = [],
        naming names: [IRI] = []
    ) -> Bool {
        var after = entity
        after.types = entity.types.map { $0 + types.filter { !(entity.types ?? []).contains($0) } }
        let mayBeHidden = grant.hidden.elements.contains { element in
            names.contains(where: element.names.contains)
                && [entity, after].contains { $0.verdict(on: element.condition) != false }
        }
        return !mayBeHidden && entity.verdict(on: grant.condition) == true
            && after.verdict(on: grant.condition) == true
    }

    /// An entity as the writer may know it.
    struct Known: Sendable {
        /// nil when there is none, or none that the writer may change.
        var entity: Entity?
        /// Whether there is one that the writer may not change.
        var isHidden: Bool
    }

    /// The stored entities, in the order of their identifiers.
    func entities(_ ids: [EntityID]) async throws -> [Known] {
        var all: [Known] = []
        all.reserveCapacity(ids.count)
        while all.count < ids.count {
            let some = try await store.changeEach(ids[all.count...], grant: grant, at: now) {
                (Changes(), Known(entity: $1.seen, isHidden: $1.isHidden))
            }
            for known in some { all.append(try known.get()) }
        }
        return all
    }

    /// The stored entity as the writer may know it; nil when there is none.
    ///
    /// Throws the same error as a change of the entity here would if the writer may not change it.
    /// `isNew` says whether the change creates the entity.
    func entity(_ id: EntityID, isNew: Bool) async throws -> Entity? {
        let (entity, isHidden) = try await store.change(id, grant: grant, at: now) {
            (Changes(), ($0.seen, $0.isHidden))
        }
        guard isHidden else { return entity }
        throw isNew ? BrokerError.mayNotWrite(id) : BrokerError.unknown(id)
    }

    /// Changes one entity: `change` gets it, or nil when there is none that the writer may change.
    ///
    /// `names` are the attributes that the request names, at any depth.
    func change<Answer: Sendable>(
        _ id: EntityID,
        naming names: @autoclosure () -> [IRI],
        _ change: @escaping @Sendable (Entity?, Timestamp) throws -> (EntityChange, Answer)
    ) async throws -> Answer {
        try grant.requireVisible(names())
        do {
            return try await store.change(id, grant: grant, at: now) { [effects] entity in
                let (seen, answer) = try change(entity.seen, effects.now)
                let granted: GrantedChange
                do throws(NotGranted) { granted = try entity.granted(seen) } catch {
                    throw entity.seen == nil
                        ? BrokerError.mayNotWrite(id)
                        : BrokerError(.forbidden, "Your token does not allow this change.")
                }
                return (try effects.changes(of: granted), answer)
            }
        } catch let error as StorageError where error.code == .entityTooLarge {
            throw BrokerError.entityTooLarge(note: error.note)
        }
    }

    /// Changes one entity for each element; each change succeeds or fails for itself.
    ///
    /// The changes are made one after the other, in several transactions if they take long, so
    /// that other writes run in between. `change` returns nil where there is nothing to change.
    /// With `showingExpired` it also gets what has expired. What `keeping` returns for an element is
    /// kept in the transaction of its change. Throws when not even the first change
    /// can be written.
    func changeEach<Element: Sendable, Answer: Sendable>(
        _ elements: [Element],
        id: (Element) -> EntityID,
        naming names: @escaping @Sendable (Element) -> [IRI] = { _ in [] },
        correctsHistory: Bool = false,
        showingExpired: Bool = false,
        keeping note: @escaping @Sendable (Element) -> KeptNote? = { _ in nil },
        _ change: @escaping @Sendable (Element, Entity?) throws -> (EntityChange?, Answer)
    ) async throws -> EachResult<Answer> {
        var effects = effects
        effects.correctsHistory = correctsHistory
        let body = { @Sendable [grant, effects] (index: Int, entity: GrantedEntity) in
            let element = elements[index]
            try grant.requireVisible(names(element))
            let (seen, answer) = try change(element, entity.seen)
            var changes = Changes()
            if let seen { changes = try effects.changes(of: try entity.granted(seen)) }
            if let kept = note(element) { changes.notes.append(kept) }
            return (changes, answer)
        }
        var all = EachResult<Answer>(ids: elements.map(id))
        all.results.reserveCapacity(elements.count)
        while !all.rest.isEmpty {
            do {
                let results = try await store.changeEach(
                    all.rest,
                    grant: grant,
                    at: showingExpired ? nil : now,
                    body
                )
                for result in results { all.results.append(try Self.told(result)) }
            } catch let error as StorageError where !all.results.isEmpty {
                all.failure = error
                return all
            }
        }
        return all
    }

    /// The error for a refused element, in the caller's words.
    private static func told<Answer>(
        _ result: Result<Answer, any Error>
    ) throws -> Result<Answer, BrokerError> {
        do {
            return .success(try result.get())
        } catch let error as BrokerError {
            return .failure(error)
        } catch let error as NotGranted {
            return .failure(.mayNotWrite(error.id))
        } catch let error as StorageError where error.code == .entityTooLarge {
            return .failure(.entityTooLarge(note: error.note))
        }
    }

    // MARK: Histories

    /// Changes the temporal evolution of one entity; `change` returns nil where there is nothing
    /// to change.
    func changeEvolution<Answer: Sendable>(
        of id: EntityID,
        naming names: @autoclosure () -> [IRI],
        _ change: @escaping @Sendable (GrantedEvolution) throws -> (GrantedHistory?, Answer)
    ) async throws -> Answer {
        try grant.requireVisible(names())
        do {
            return try await store.changeEvolution(of: id, grant: grant) { evolution in
                let (history, answer) = try change(evolution)
                return (history.map { Changes($0) } ?? Changes(), answer)
            }
        } catch let error as NotGranted {
            throw BrokerError.mayNotWrite(error.id)
        }
    }

    /// Removes a temporal evolution or a part of it; see `TenantStore.removeHistory`.
    func removeHistory(
        _ what: HistoryRemoval,
        of id: EntityID,
        from position: HistoryRemovalPosition?
    ) async throws -> HistoryRemovalStep? {
        try await store.removeHistory(of: id, what, from: position, grant: grant)
    }
}

/// The outcomes of a request that changes many entities.
struct EachResult<Answer: Sendable>: Sendable {
    let ids: [EntityID]
    /// The outcomes of the first entities, in their order.
    var results: [Result<Answer, BrokerError>] = []
    /// The reason why the rest was not written; everything before it is on disk.
    var failure: StorageError?

    init(ids: [EntityID]) { self.ids = ids }

    /// The entities that were not written.
    var rest: ArraySlice<EntityID> { ids[results.count...] }
}
