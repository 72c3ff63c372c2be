import ContextModel
import Governance
import Storage

/// What a change of an entity brings with it, as values: its history, and whom it is told.
struct ChangeEffects: Sendable {
    let observer: any ChangeObserver
    let tenant: TenantName?
    let now: Timestamp
    /// Whether what was observed at a moment takes the place of what history has for it.
    var correctsHistory = false

    init(observer: any ChangeObserver, tenant: TenantName?, now: Timestamp) {
        self.observer = observer
        self.tenant = tenant
        self.now = now
    }

    /// All that the change does to what is stored; throws when the entity would be too large.
    func changes(of granted: GrantedChange) throws(BrokerError) -> Changes {
        let change = granted.change
        // Nothing of the state is new, so nobody is told; what came late is history.
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
        if !leavesState { changes.messages = observer.messages(of: change, tenant, at: now) }
        return changes
    }

    /// Every instance that changed, and the end of every instance that went (clause 4.5.7).
    private func history(of change: EntityChange) -> [NamedAttribute] {
        var history = changed(in: change)
        if !change.late.isEmpty { history += change.late }
        if let scopes = scopeInstance(change) {
            history.append(NamedAttribute(name: .scope, instances: [scopes]))
        }
        return history
    }

    private func changed(in change: EntityChange) -> [NamedAttribute] {
        // Of a new entity all there is has changed.
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

    /// The end of an instance that went.
    ///
    /// It tells of what the entity was until then. Where the entity becomes something else with the
    /// same change, the end is written down just before that, so that whoever may not know what it was
    /// does not learn of it by its end.
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

    /// The scopes from now on, observed as they are set (clause 4.5.6); nil where they stay.
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
    /// Throws unless the entity has as much already.
    func require(for entity: Entity?) throws(BrokerError) {
        if let problem = problem(for: entity) { throw BrokerError(.badRequestData, problem) }
    }
}

extension BrokerError {
    /// The entity would be stored in more bytes than one may.
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
