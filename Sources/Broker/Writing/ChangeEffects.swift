import ContextModel
import Governance
import Storage

/// The effects of a change of an entity, as values: history and messages.
struct ChangeEffects: Sendable {
    let observer: any ChangeObserver
    let tenant: TenantName?
    let now: Timestamp
    /// Whether an instance replaces the one that the history has for the same moment, as readings do.
    var correctsHistory = false

    init(observer: any ChangeObserver, tenant: TenantName?, now: Timestamp) {
        self.observer = observer
        self.tenant = tenant
        self.now = now
    }

    /// All that the change does to the store; throws when the entity would be too large.
    func changes(of granted: GrantedChange) throws(BrokerError) -> Changes {
        let change = granted.change
        // The state stays, so nobody is notified; late readings go to history alone.
        let leavesState = change.attributes.isEmpty && change.before == change.after
        if !leavesState, let problem = EntityLimits.problem(with: change) {
            throw BrokerError(.badRequestData, problem)
        }
        var changes = Changes(
            granted,
            history: history(of: change),
            correcting: correctsHistory,
            leavesState: leavesState
        )
        if !leavesState {
            changes.messages = observer.messages(of: change, tenant, at: now)
            // Readings tell what was; they command nothing.
            if !correctsHistory { changes.notes = observer.notes(of: change, tenant, at: now) }
            changes.whenStored = observer.whenStored(change, changes.notes, tenant, at: now)
        }
        return changes
    }

    /// Every instance that changed, and the end of every instance that was removed (clause 4.5.7).
    private func history(of change: EntityChange) -> [NamedAttribute] {
        var history = changed(in: change)
        if !change.late.isEmpty { history += change.late }
        if let scopes = scopeInstance(change) {
            history.append(NamedAttribute(name: .scope, instances: [scopes]))
        }
        return history
    }

    private func changed(in change: EntityChange) -> [NamedAttribute] {
        // Everything in a new entity counts as changed.
        if change.before == nil, let after = change.after { return after.attributes }
        var history: [NamedAttribute] = []
        history.reserveCapacity(change.attributes.count)
        for attribute in change.attributes {
            guard let instance = attribute.after ?? end(of: attribute, in: change) else { continue }
            if let last = history.indices.last, history[last].name == attribute.name {
                history[last].instances.append(instance)
            } else {
                history.append(NamedAttribute(name: attribute.name, instances: [instance]))
            }
        }
        return history
    }

    /// The end of an instance that was removed.
    ///
    /// It tells what the entity was until then. When the same change gives the entity other types
    /// or scopes, the end is dated just before, so that only those who may know the former state
    /// learn of it.
    private func end(
        of attribute: EntityChange.AttributeChange,
        in change: EntityChange
    ) -> Attribute? {
        var end = attribute.before?.ended(at: now)
        if let before = change.before, let after = change.after,
            before.types != after.types || before.scopes != after.scopes
        {
            end?.modifiedAt = Timestamp(microseconds: now.microseconds - 1)
        }
        return end
    }

    /// An instance with the new scopes, observed as they are set (clause 4.5.6); nil when they
    /// stay.
    private func scopeInstance(_ change: EntityChange) -> Attribute? {
        let scopes = change.after?.scopes ?? []
        guard scopes != change.before?.scopes ?? [] else { return nil }
        return Attribute(
            kind: .property,
            value: JSONValue(scopes: scopes),
            observedAt: now,
            createdAt: now,
            modifiedAt: now,
            details: scopes.isEmpty ? AttributeDetails(deletedAt: now) : nil
        )
    }
}

extension OversizedRequest {
    /// Throws unless the entity is as large already.
    func require(for entity: Entity?) throws(BrokerError) {
        if let problem = problem(for: entity) { throw BrokerError(.badRequestData, problem) }
    }
}

extension BrokerError {
    /// The error for an entity that would be stored in more bytes than an entity may have.
    package static func entityTooLarge(note: String) -> BrokerError {
        BrokerError(.badRequestData, EntityLimits.bytesProblem, note: note)
    }

    static func unknown(_ id: EntityID) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no entity '\(id)'.")
    }
}

extension Attribute.Kind {
    /// NGSI-LD Null in the value member of this kind (clause 4.5.0).
    var nullValue: JSONValue {
        switch self {
        case .languageProperty: ["@none": .string(NGSILDNull.uri)]
        case .listProperty, .listRelationship: [.string(NGSILDNull.uri)]
        case .jsonProperty, .property, .relationship, .geoProperty, .vocabProperty:
            .string(NGSILDNull.uri)
        }
    }
}
