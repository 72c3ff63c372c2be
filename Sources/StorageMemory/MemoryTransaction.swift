internal import ContextModel
internal import Governance
internal import Storage

/// The changes of one request, made in a copy of the tenant's state.
///
/// The copy replaces the state when the request succeeds, and is dropped when it fails.
final class MemoryTransaction: StoreTransaction {
    var state: TenantState
    /// The actions to run after the copy has replaced the state.
    private(set) var commitActions: [@Sendable () -> Void] = []
    /// The grant that limits which histories the request may change; nil if it may change all.
    let granted: WriteGrant?

    init(_ state: TenantState, granted: WriteGrant?) {
        self.state = state
        self.granted = granted
    }

    func afterCommit(_ action: @escaping @Sendable () -> Void) { commitActions.append(action) }

    // MARK: Current state

    /// The entity, even when only its history is left.
    subscript(id: EntityID) -> StoredEntity? {
        get { state.entities[id] }
        set { state.entities[id] = newValue }
    }

    func entity(_ id: EntityID, grant: InternalGrant) throws -> Entity? {
        self[id].flatMap { $0.isCurrent ? $0.entity : nil }
    }

    func put(_ entity: Entity) throws {
        guard var stored = self[entity.id] else {
            let bytes = try entity.encoded(before: 0).count
            self[entity.id] = StoredEntity(entity: entity, bytes: bytes, isCurrent: true)
            return
        }
        stored.bytes = try entity.encoded(before: stored.bytes).count
        stored.keepPast(before: entity)
        stored.entity = entity
        // An entity that is created again moves to the end of the order of creation.
        if !stored.isCurrent { self[entity.id] = nil }
        stored.isCurrent = true
        self[entity.id] = stored
    }

    func remove(_ id: EntityID) throws -> Bool {
        guard var stored = self[id], stored.isCurrent else { return false }
        stored.isCurrent = false
        stored.entity.attributes = []
        stored.entity.expiresAt = nil
        stored.bytes = 0
        self[id] = stored.hasHistory ? stored : nil
        return true
    }

    // MARK: Documents

    func document(_ kind: Document.Kind, id: String) throws -> Document? {
        state.document(kind, id: id)
    }

    func documents(_ kind: Document.Kind) throws -> [Document] { state.documents(kind) }

    func documentCount(_ kind: Document.Kind) throws -> Int { state.documentCount(kind) }

    func put(_ document: Document, isQuiet: Bool) throws {
        state.documents[document.kind, default: CreationOrder()][document.id] = document
        if !isQuiet { state.feed.note(document.kind, id: document.id) }
    }

    func removeDocument(_ kind: Document.Kind, id: String) throws -> Bool {
        guard state.document(kind, id: id) != nil else { return false }
        state.documents[kind]?[id] = nil
        state.feed.note(kind, id: id)
        return true
    }

    func feed(after number: Int64?, of kinds: Set<Document.Kind>) throws -> ChangeFeedPage {
        state.feedPage(after: number, of: kinds)
    }

    var lastChange: Int64 { state.feed.number }

    func documentSizes(_ kind: Document.Kind) throws -> [(id: String, bytes: Int)] {
        state.documents(kind).map { ($0.id, $0.body.count) }
    }
}
