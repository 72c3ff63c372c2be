package import ContextModel

/// A context source registration (clause 5.2.9) ready for matching and for planning: names
/// expanded, patterns and times read.
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
    /// The operations that the source offers (clause 4.20).
    package var operations: Set<DistributedOperation>
    /// The name of the source in the list of those that a request came through (clause 4.3.6.4).
    package var alias: String?
    /// The tenant of the source that is asked; nil for its default one.
    package var tenant: String?
    /// What is conveyed to the source with each request (clause 4.3.6.5).
    package var info: [KeyValuePair]
    package var management: RegistrationManagement
    /// The `datasetId`s, with nil for the default instance; nil when the registration has none.
    package var datasetIDs: Set<String?>?
    package var expiresAt: Timestamp?
    package var observationInterval: TimeInterval?
    package var managementInterval: TimeInterval?
    /// The registration in the form of an entity, for `csf`, `scopeQ` and geo-queries.
    package var entity: Entity

    package init(
        id: String,
        information: [RegistrationInfo],
        endpoint: String,
        mode: Mode,
        operations: Set<DistributedOperation> = DistributedOperation.federation,
        alias: String? = nil,
        tenant: String? = nil,
        info: [KeyValuePair] = [],
        management: RegistrationManagement = RegistrationManagement(),
        datasetIDs: Set<String?>? = nil,
        expiresAt: Timestamp? = nil,
        observationInterval: TimeInterval? = nil,
        managementInterval: TimeInterval? = nil,
        entity: Entity
    ) {
        self.id = id
        self.information = information
        self.endpoint = endpoint
        self.mode = mode
        self.operations = operations
        self.alias = alias
        self.tenant = tenant
        self.info = info
        self.management = management
        self.datasetIDs = datasetIDs
        self.expiresAt = expiresAt
        self.observationInterval = observationInterval
        self.managementInterval = managementInterval
        self.entity = entity
    }

    /// The name of the source in warnings.
    package var sourceName: String { alias ?? id }

    /// The registration as those may know it who do not run the hub: what a `csf` of theirs looks
    /// at (clause 5.7.2.4).
    ///
    /// Where the source is and how it is addressed is not in it, or whoever asks could find it out
    /// by asking again and again.
    package var shownEntity: Entity {
        var shown = entity
        shown.attributes.removeAll { Self.internalNames.contains($0.name) }
        return shown
    }

    private static let internalNames = Set(
        ["endpoint", "tenant", "contextSourceInfo", "management"].map { LDContext.core.expand($0) }
    )

    /// Whether it is valid: it has not expired (table 5.2.9-1).
    package func isInForce(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }

    /// Whether histories are read at the source.
    package var offersHistories: Bool {
        operations.contains(.retrieveTemporal) || operations.contains(.queryTemporal)
    }

    /// Whether nobody else has the data that the source registers (clause 4.3.6.3).
    package var isProxied: Bool { mode == .exclusive || mode == .redirect }
}

/// What a registration says of the requests to its source (clause 5.2.34).
package struct RegistrationManagement: Sendable, Hashable {
    /// The time after which a request is given up; nil for the hub's own limit.
    package var timeoutMilliseconds: Double?
    /// The time after a failure in which the source is not asked; nil for the hub's own limit.
    package var cooldownMilliseconds: Double?
    /// Whether the source is asked for what it has itself alone (clause 5.5.13).
    package var isLocalOnly: Bool

    package init(
        timeoutMilliseconds: Double? = nil,
        cooldownMilliseconds: Double? = nil,
        isLocalOnly: Bool = false
    ) {
        self.timeoutMilliseconds = timeoutMilliseconds
        self.cooldownMilliseconds = cooldownMilliseconds
        self.isLocalOnly = isLocalOnly
    }
}

/// What a source may have data about (clause 5.2.10).
package struct RegistrationInfo: Sendable, Hashable {
    /// The entities; nil for attributes of any entity.
    package var entities: [EntityInfo]?
    /// Properties and Relationships; empty for all.
    package var attributes: Set<IRI>

    package init(entities: [EntityInfo]? = nil, attributes: Set<IRI> = []) {
        self.entities = entities
        self.attributes = attributes
    }
}

/// Entities that a source may have data about (clause 5.2.8).
package struct EntityInfo: Sendable, Hashable {
    /// Never empty.
    package var types: [IRI]
    package var id: EntityID?
    /// Used only when there is no `id`.
    package var idPattern: Pattern?

    package init(types: [IRI], id: EntityID? = nil, idPattern: Pattern? = nil) {
        self.types = types
        self.id = id
        self.idPattern = idPattern
    }
}

/// A TimeInterval (clause 5.2.11).
package struct TimeInterval: Sendable, Hashable {
    package var startAt: Timestamp
    /// The end; nil for an open interval.
    package var endAt: Timestamp?

    package init(startAt: Timestamp, endAt: Timestamp? = nil) {
        self.startAt = startAt
        self.endAt = endAt
    }

    /// Whether the interval overlaps the range of the test.
    package func overlaps(_ test: TemporalTest) -> Bool {
        let reachesIn = test.from.map { from in endAt.map { from <= $0 } ?? true } ?? true
        let startsIn = test.to.map { startAt <= $0 } ?? true
        return reachesIn && startsIn
    }
}

// MARK: - Coverage

extension RegistrationInfo {
    /// Whether it is about the entity, which has one of the types in common with it, as one source
    /// may know more types of an entity than another.
    package func covers(_ entity: Entity, within budget: DecisionBudget? = nil) -> Bool {
        entities?.contains { $0.covers(entity, within: budget) } ?? true
    }

    /// The entities it is about, as a condition.
    package var condition: Condition {
        let entities = entities.map { Condition.any(of: $0.map(\.condition)) }
        guard !attributes.isEmpty else { return entities ?? .everything }
        let some = Condition.any(attributes.map { .attribute($0) })
        return (entities ?? .everything).and(some)
    }

    /// Whether both are certainly about one of the attributes of one of the entities.
    ///
    /// The answer means nothing once the budget is spent.
    package func overlaps(_ other: RegistrationInfo, within budget: DecisionBudget) -> Bool {
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
    /// Whether it is about the entity.
    package func covers(_ entity: Entity, within budget: DecisionBudget? = nil) -> Bool {
        guard entity.types.contains(where: types.contains) else { return false }
        if let id { return id == entity.id }
        return idPattern?.matches(entity.id.uri, within: budget) ?? true
    }

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
