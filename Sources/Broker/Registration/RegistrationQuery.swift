package import ContextModel
package import Federation
import Storage

/// A query for context source registrations of sources that may have data for a query or a
/// subscription (clauses 5.10.2, 5.11.2 and 5.12).
package struct RegistrationQuery: Sendable {
    /// A registration must be about one of these; nil for any entity.
    package var entities: [EntitySpecification]?
    /// A registration must be about one of these; empty for any attribute.
    package var attributes: Set<IRI>
    /// Compared with the registration's `datasetId`s, if it has some.
    package var datasetIDs: Set<String?>?
    /// Which intervals of registrations match.
    package enum Times: Sendable {
        /// None: sources of latest information.
        case latest
        /// One that overlaps the range (clause 5.10.2.4).
        case overlapping(TemporalTest)
        /// One that overlaps the range, or no interval at all: a source that offers operations about histories,
        /// and does not say of which time.
        case overlappingOrUnsaid(TemporalTest)
        /// Any, and none.
        case any
    }
    package var times: Times
    private let properties: PreparedCondition
    private let place: PossiblePlace?

    /// `properties` is the condition of `csf` and `scopeQ` on the registration itself.
    package init(
        entities: [EntitySpecification]? = nil,
        attributes: Set<IRI> = [],
        datasetIDs: Set<String?>? = nil,
        time: TemporalTest? = nil,
        times: Times? = nil,
        properties: Condition = .everything,
        place: GeoTest? = nil
    ) {
        self.entities = entities
        self.attributes = attributes
        self.datasetIDs = datasetIDs
        self.times = times ?? time.map { .overlapping($0) } ?? .latest
        self.properties = PreparedCondition(properties)
        self.place = place.map(PossiblePlace.init)
    }

    /// Types of which every entity of a match has at least one; nil when it may have any type.
    var requiredTypes: Set<IRI>? {
        guard let entities else { return nil }
        var types: Set<IRI> = []
        for entity in entities {
            guard let required = entity.requiredTypes else { return nil }
            types.formUnion(required)
        }
        return types
    }

    /// The steps for finding the registrations of one request or subscription: about half a
    /// second.
    static let maximumSteps = 50_000_000

    /// The indexes of matching elements of `information`; nil when the registration does not
    /// match.
    ///
    /// The answer means nothing once the budget is spent.
    package func match(
        _ registration: ContextSourceRegistration,
        within budget: DecisionBudget
    ) -> [Int]? {
        guard matchesTime(registration), matchesDatasets(registration.datasetIDs),
            properties.matches(registration.entity, within: budget),
            place?.mayBe(in: registration.entity, within: budget) ?? true
        else { return nil }
        let indices = registration.information.indices.filter {
            matches(registration.information[$0], budget)
        }
        return indices.isEmpty ? nil : indices
    }

    /// Whether the registration's interval for the query's time property overlaps the query's
    /// range (clause 5.10.2.4).
    ///
    /// Sources of latest information have no interval.
    private func matchesTime(_ registration: ContextSourceRegistration) -> Bool {
        let (observed, managed) = (
            registration.observationInterval, registration.managementInterval
        )
        let isUnsaid = observed == nil && managed == nil
        func overlaps(_ time: TemporalTest) -> Bool {
            let interval = time.property == .observedAt ? observed : managed
            return interval?.overlaps(time) ?? false
        }
        return switch times {
        case .latest: isUnsaid
        case .overlapping(let time): overlaps(time)
        case .overlappingOrUnsaid(let time): isUnsaid || overlaps(time)
        case .any: true
        }
    }

    private func matchesDatasets(_ registered: Set<String?>?) -> Bool {
        guard let datasetIDs, let registered else { return true }
        return !datasetIDs.isDisjoint(with: registered)
    }

    private func matches(_ info: RegistrationInfo, _ budget: DecisionBudget) -> Bool {
        guard
            attributes.isEmpty || info.attributes.isEmpty
                || !attributes.isDisjoint(with: info.attributes)
        else { return false }
        guard let entities, let registered = info.entities else { return true }
        return entities.contains { wanted in
            registered.contains { wanted.matches($0, within: budget) }
        }
    }

    /// The attributes with which the terms of `q` begin: a source must have one of them, as if it
    /// were asked for by name (clause 5.10.2.4).
    package static func attributes(of q: Condition) -> Set<IRI> {
        switch q {
        case .all(let parts), .any(let parts):
            parts.reduce(into: []) { $0.formUnion(attributes(of: $1)) }
        case .not(let part): attributes(of: part)
        case .value(let test): Set(test.path.names.prefix(1))
        case .attribute(let name): [name]
        default: []
        }
    }
}

/// The entities of a query: types, identifiers and a pattern (clause 5.12).
package struct EntitySpecification: Sendable {
    /// Types of which every entity has at least one; nil when it may have any type.
    let requiredTypes: Set<IRI>?
    private let types: PreparedCondition
    private let ids: Set<EntityID>?
    private let idPattern: Pattern?

    /// `types` is a type selection (clause 4.17).
    package init(
        types: Condition = .everything,
        ids: Set<EntityID>? = nil,
        idPattern: Pattern? = nil
    ) {
        requiredTypes = types.requiredTypes
        self.types = PreparedCondition(types)
        self.ids = ids
        self.idPattern = idPattern
    }

    package init(_ selection: EntitySelection) {
        self.init(types: selection.types, ids: selection.ids, idPattern: selection.idPattern)
    }

    /// Splits the condition that a reader of selectors has built.
    init(_ condition: Condition) { self.init(EntitySelection(condition)) }

    func matches(_ info: EntityInfo, within budget: DecisionBudget) -> Bool {
        let entity = Entity(id: info.id ?? EntityID("urn:"), types: info.types)
        return types.matches(entity, within: budget) && matchesIdentifiers(info, budget)
    }

    private func matchesIdentifiers(_ info: EntityInfo, _ budget: DecisionBudget) -> Bool {
        if ids == nil, idPattern == nil { return true }
        if let id = info.id {
            return ids?.contains(id) ?? false
                || idPattern?.matches(id.uri, within: budget) ?? false
        }
        guard let registered = info.idPattern else { return true }
        // Whether an identifier matches two patterns is not computed: it may.
        return idPattern != nil
            || ids?.contains { registered.matches($0.uri, within: budget) } ?? false
    }
}

/// A geo-query on sources: an area that a source covers matches when a place in it could.
private struct PossiblePlace: Sendable {
    private let attribute: IRI
    /// For a source at a single point.
    private let exact: PreparedCondition
    private let possible: PreparedCondition

    init(_ test: GeoTest) {
        attribute = test.attribute
        exact = PreparedCondition(.geometry(test))
        possible = PreparedCondition(Self.possible(test))
    }

    func mayBe(in entity: Entity, within budget: DecisionBudget) -> Bool {
        let isPoint = entity[attribute].allSatisfy {
            $0.value.objectValue?["type"]?.stringValue == "Point"
        }
        return (isPoint ? exact : possible).matches(entity, within: budget)
    }

    private static func possible(_ test: GeoTest) -> Condition {
        var wider = test
        switch test.relation {
        case .equals, .within, .intersects, .overlaps:
            wider.relation = .intersects
        case .contains: break
        case .disjoint:
            wider.relation = .within
            return .all([.attribute(test.attribute), .not(.geometry(wider))])
        case .near(_, let maxMeters?):
            wider.relation = .near(minMeters: nil, maxMeters: maxMeters)
        case .near(_, nil): return .attribute(test.attribute)
        }
        return .geometry(wider)
    }
}

extension BrokerError {
    static let tooManyComparisons = BrokerError(
        .tooComplexQuery,
        "Comparing this with the registrations takes too long; ask for less at once."
    )
}
