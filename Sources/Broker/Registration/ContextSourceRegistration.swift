package import ContextModel

/// A context source registration (clause 5.2.9) ready for matching: names expanded, patterns and
/// times read.
///
/// The hub stores registrations, finds them and notifies of their changes. It does not forward
/// requests to the sources yet: modes and operations are only checked and stored.
package struct ContextSourceRegistration: Sendable {
    /// The part that the source takes in distributed operations (clause 4.3.6).
    package enum Mode: String, Sendable, CaseIterable {
        case inclusive, exclusive, redirect, auxiliary
    }

    package let id: String
    /// Never empty.
    package var information: [RegistrationInfo]
    package var endpoint: String
    package var mode: Mode
    /// The operations as written; nil means `federationOps` (clause 4.20).
    package var operations: [String]?
    /// The `datasetId`s, with nil for the default instance; nil when the registration has none.
    package var datasetIDs: Set<String?>?
    package var expiresAt: Timestamp?
    package var observationInterval: TimeInterval?
    package var managementInterval: TimeInterval?
    /// The registration in the form of an entity, for `csf`, `scopeQ` and geo-queries.
    package var entity: Entity

    /// Whether it is valid: it has not expired (table 5.2.9-1).
    package func isInForce(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }

    /// Whether nobody else has the data that the source registers (clause 4.3.6.3).
    package var isProxied: Bool { mode == .exclusive || mode == .redirect }
}

/// What a source may have data about (clause 5.2.10).
package struct RegistrationInfo: Sendable, Hashable {
    /// The entities; nil for attributes of any entity.
    package var entities: [EntityInfo]?
    /// Properties and Relationships; empty for all.
    package var attributes: Set<IRI>
}

/// Entities that a source may have data about (clause 5.2.8).
package struct EntityInfo: Sendable, Hashable {
    /// Never empty.
    package var types: [IRI]
    package var id: EntityID?
    /// Used only when there is no `id`.
    package var idPattern: Pattern?
}

/// A TimeInterval (clause 5.2.11).
package struct TimeInterval: Sendable, Hashable {
    package var startAt: Timestamp
    /// The end; nil for an open interval.
    package var endAt: Timestamp?

    /// Whether the interval overlaps the range of the test.
    func overlaps(_ test: TemporalTest) -> Bool {
        let reachesIn = test.from.map { from in endAt.map { from <= $0 } ?? true } ?? true
        let startsIn = test.to.map { startAt <= $0 } ?? true
        return reachesIn && startsIn
    }
}

// MARK: - Coverage

extension RegistrationInfo {
    /// The entities it is about, as a condition.
    var condition: Condition {
        let entities = entities.map { Condition.any(of: $0.map(\.condition)) }
        guard !attributes.isEmpty else { return entities ?? .everything }
        let some = Condition.any(attributes.map { .attribute($0) })
        return (entities ?? .everything).and(some)
    }

    /// Whether both are certainly about one of the attributes of one of the entities.
    ///
    /// The answer means nothing once the budget is spent.
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

    /// Whether both are certainly about one of the same entities.
    ///
    /// One common type is enough, because one source may know more types of an entity than
    /// another. Two patterns are not compared.
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
