package import ContextModel

/// A context source registration (clause 5.2.9) made ready for matching: names expanded, patterns
/// and times read.
///
/// The hub keeps registrations, finds them and tells of their changes. It does not forward
/// requests to the sources yet: modes and operations are checked and stored, nothing more.
package struct ContextSourceRegistration: Sendable {
    /// How the source takes part in distributed operations (clause 4.3.6).
    package enum Mode: String, Sendable, CaseIterable {
        case inclusive, exclusive, redirect, auxiliary
    }

    package let id: String
    /// Never empty.
    package var information: [RegistrationInfo]
    package var endpoint: String
    package var mode: Mode
    /// As written; nil stands for `federationOps` (clause 4.20).
    package var operations: [String]?
    /// nil among them stands for the default instance; nil alone when nothing is said.
    package var datasetIDs: Set<String?>?
    package var expiresAt: Timestamp?
    package var observationInterval: TimeInterval?
    package var managementInterval: TimeInterval?
    /// The registration as though it were an entity: what `csf`, `scopeQ` and geo-queries look at.
    package var entity: Entity

    /// Past its date it is not valid any more (table 5.2.9-1).
    package func isInForce(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }

    /// Whether the source keeps all it registers to itself (clause 4.3.6.3).
    package var isProxied: Bool { mode == .exclusive || mode == .redirect }
}

/// What a source may know about (clause 5.2.10).
package struct RegistrationInfo: Sendable, Hashable {
    /// nil when attributes of any entity are meant.
    package var entities: [EntityInfo]?
    /// Properties and Relationships; empty when all are meant.
    package var attributes: Set<IRI>
}

/// Entities a source may know (clause 5.2.8).
package struct EntityInfo: Sendable, Hashable {
    /// Never empty.
    package var types: [IRI]
    package var id: EntityID?
    /// Looked at only where there is no `id`.
    package var idPattern: Pattern?
}

/// A TimeInterval (clause 5.2.11).
package struct TimeInterval: Sendable, Hashable {
    package var startAt: Timestamp
    /// nil for an open interval.
    package var endAt: Timestamp?

    /// Whether some moment of the interval is asked for.
    func overlaps(_ test: TemporalTest) -> Bool {
        let reachesIn = test.from.map { from in endAt.map { from <= $0 } ?? true } ?? true
        let startsIn = test.to.map { startAt <= $0 } ?? true
        return reachesIn && startsIn
    }
}

// MARK: - What it covers

extension RegistrationInfo {
    /// The entities it is about, as a query finds them.
    var condition: Condition {
        let entities = entities.map { Condition.any(of: $0.map(\.condition)) }
        guard !attributes.isEmpty else { return entities ?? .everything }
        let some = Condition.any(attributes.map { .attribute($0) })
        return (entities ?? .everything).and(some)
    }

    /// Whether both are about one of the attributes of one of the entities, for certain; any answer
    /// when the budget is spent.
    func overlaps(_ other: RegistrationInfo, within budget: DecisionBudget) -> Bool {
        guard
            attributes.isEmpty || other.attributes.isEmpty
                || !attributes.isDisjoint(with: other.attributes)
        else { return false }
        guard let entities, let others = other.entities else { return true }
        return entities.contains { entity in
            others.contains { budget.allows(1) && entity.overlaps($0, within: budget) }
        }
    }
}

extension EntityInfo {
    fileprivate var condition: Condition {
        let types = types.count == 1 ? .type(types[0]) : Condition.all(types.map { .type($0) })
        if let id { return types.and(.ids([id])) }
        return types.and(idPattern.map { .idPattern($0) } ?? .everything)
    }

    /// Types differ where one source knows more of an entity's types than another, so one in common
    /// is enough; two patterns are not compared.
    fileprivate func overlaps(_ other: EntityInfo, within budget: DecisionBudget) -> Bool {
        if let id, let otherID = other.id { return id == otherID }
        guard !Set(types).isDisjoint(with: other.types) else { return false }
        switch (id, other.id) {
        case (let id?, nil): return other.idPattern?.matches(id.uri, within: budget) ?? true
        case (nil, let id?): return idPattern?.matches(id.uri, within: budget) ?? true
        default: return true
        }
    }
}
