/// The condition of a read: what the caller asks for and what a policy allows, as one tree of
/// values (see ARCHITECTURE.md).
///
/// Query parsers create it, and Governance adds its own part with `and`. Stores use it to choose
/// an index, and decide it for each entity with the evaluator in `Storage`. All names are
/// expanded.
package indirect enum Condition: Sendable, Hashable {
    case everything
    case nothing
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case ids(Set<EntityID>)
    case idPattern(Pattern)
    case type(IRI)
    case scope(ScopePattern)
    /// The entity has an attribute of this name.
    case attribute(IRI)
    /// A term of `q` (clause 4.9).
    case value(ValueTest)
    case geometry(GeoTest)
    /// A term of `q` about the entities that a Relationship leads to (clause 4.9).
    case linked(LinkedTest)
    /// A term that its decider decides, such as the choices of people.
    case decided(EntityDecision)

    /// Both conditions hold; `everything` and `nothing` are simplified away.
    package func and(_ other: Condition) -> Condition {
        switch (self, other) {
        case (.everything, let condition), (let condition, .everything): condition
        case (.nothing, _), (_, .nothing): .nothing
        case (.all(let a), .all(let b)): .all(a + b)
        case (.all(let a), let b): .all(a + [b])
        case (let a, let b): .all([a, b])
        }
    }
}

/// A scope or scope pattern of `scopeQ` (clause 4.19).
///
/// In its segments, `+` stands for any one segment, and a trailing `#` for the scope and all below
/// it.
package struct ScopePattern: Sendable, Hashable {
    package let segments: [String]
    package init(segments: [String]) { self.segments = segments }
}

/// A comparison, or a test for existence, of the value at a path (clause 4.9).
package struct ValueTest: Sendable, Hashable {
    package var path: AttributePath
    /// The comparison; nil tests that the path exists.
    package var comparison: Comparison?

    package init(path: AttributePath, comparison: Comparison? = nil) {
        self.path = path
        self.comparison = comparison
    }
}

/// A condition on the entities that a Relationship leads to: `sensor{Device:humidity}==40` (clause
/// 4.9).
///
/// One entity alone cannot decide it: the Broker finds the targets first, with the caller's grant.
/// While they are unknown it holds for no entity.
package struct LinkedTest: Sendable, Hashable {
    /// The path of the Relationship, which may be in a sub-attribute.
    package var path: AttributePath
    /// The condition that one of its targets must meet.
    package var target: Condition
    /// The entities that meet it; nil while they are unknown.
    package var targets: Set<EntityID>?

    package init(path: AttributePath, target: Condition, targets: Set<EntityID>? = nil) {
        self.path = path
        self.target = target
        self.targets = targets
    }
}

/// A path of clause 4.9, `name.sub.sub[member.member]`.
///
/// The last name may be a non-reified member such as `observedAt`, `unitCode` or `datasetId`,
/// which stays unexpanded.
package struct AttributePath: Sendable, Hashable {
    /// The attribute, then sub-attributes, all expanded.
    package var names: [IRI]
    /// Members inside a compound value.
    package var members: [String]
    /// A core member at the end of the path instead of the value: `observedAt`, `modifiedAt`, ….
    package var coreMember: String?
    /// Whether it is a member of the entity (`createdAt`, `modifiedAt`), so that `names` is empty.
    package var isEntityMember: Bool { names.isEmpty }

    /// The path of the entity's `modifiedAt`.
    package static let modifiedAt = AttributePath(names: [], coreMember: "modifiedAt")

    package init(names: [IRI], members: [String] = [], coreMember: String? = nil) {
        self.names = names
        self.members = members
        self.coreMember = coreMember
    }
}

/// The right-hand side of a `q` term (clause 4.9).
package enum Comparison: Sendable, Hashable {
    /// Equal to one of the values or inside one of the ranges.
    case equal([Operand])
    case unequal([Operand])
    case less(Operand)
    case lessOrEqual(Operand)
    case greater(Operand)
    case greaterOrEqual(Operand)
    case matches(Pattern)
    case matchesNot(Pattern)
}

/// A value that `q` compares with (clause 4.9).
package enum Operand: Sendable, Hashable {
    case number(Double)
    case string(String)
    case bool(Bool)
    case dateTime(Timestamp)
    case date(String)
    case time(String)
    case uri(String)
    indirect case range(Operand, Operand)
}

/// A geo-query (clause 4.10).
package struct GeoTest: Sendable, Hashable {
    package enum Relation: Sendable, Hashable {
        /// `near`, with a minimum and maximum distance in metres.
        case near(minMeters: Double?, maxMeters: Double?)
        case equals, within, contains, intersects, disjoint, overlaps
    }
    package var relation: Relation
    package var reference: Geometry
    /// The GeoProperty that is tested; `location` unless the query names another.
    package var attribute: IRI

    package init(relation: Relation, reference: Geometry, attribute: IRI) {
        self.relation = relation
        self.reference = reference
        self.attribute = attribute
    }
}

extension Condition {
    /// One of the conditions holds; `everything` and `nothing` are simplified away.
    package static func any(of conditions: [Condition]) -> Condition {
        if conditions.contains(.everything) { return .everything }
        let some = conditions.filter { $0 != .nothing }
        return some.isEmpty ? .nothing : some.count == 1 ? some[0] : .any(some)
    }

    /// Either condition holds; `everything` and `nothing` are simplified away.
    package func or(_ other: Condition) -> Condition {
        switch (self, other) {
        case (.everything, _), (_, .everything): .everything
        case (.nothing, let condition), (let condition, .nothing): condition
        case (.any(let a), .any(let b)): .any(a + b)
        case (.any(let a), let b): .any(a + [b])
        case (let a, let b): .any([a, b])
        }
    }

    /// Every attribute name the condition looks at, sub-attributes included.
    package var attributeNames: [IRI] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.attributeNames)
        case .not(let part): part.attributeNames
        case .attribute(let name): [name]
        case .value(let test): test.path.names
        case .geometry(let test): [test.attribute]
        case .linked(let test): test.path.names + test.target.attributeNames
        case .decided(let decision): decision.decider.attributeNames
        case .everything, .nothing, .ids, .idPattern, .type, .scope: []
        }
    }

    /// The attributes that it looks into: those of its names that do not only have to be there.
    package var comparedNames: [IRI] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.comparedNames)
        case .not(let part): part.comparedNames
        case .attribute: []
        default: attributeNames
        }
    }

    /// Whether it depends on more than identifiers, types and scopes.
    package var looksAtAttributes: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.looksAtAttributes)
        case .not(let part): part.looksAtAttributes
        case .attribute, .value, .geometry, .linked: true
        case .decided(let decision): !decision.decider.attributeNames.isEmpty
        case .everything, .nothing, .ids, .idPattern, .type, .scope: false
        }
    }

    /// The number of its parts.
    package var size: Int {
        switch self {
        case .all(let parts), .any(let parts): parts.reduce(1) { $0 + $1.size }
        case .not(let part): 1 + part.size
        default: 1
        }
    }

    /// Whether deciding it for one entity may take long: it has geometries, patterns, long lists
    /// or many parts.
    package var isCostly: Bool { size > Self.cheapSize || hasCostlyPart }

    private static let cheapSize = 32

    private var hasCostlyPart: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.hasCostlyPart)
        case .not(let part): part.hasCostlyPart
        case .geometry, .idPattern: true
        case .value(let test):
            switch test.comparison {
            case .matches, .matchesNot: true
            case .equal(let operands), .unequal(let operands): operands.count > Self.cheapSize
            default: false
            }
        case .everything, .nothing, .ids, .type, .scope, .attribute, .linked, .decided: false
        }
    }

    /// Whether the condition is about an entity's `modifiedAt`.
    package var testsModification: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.testsModification)
        case .not(let part): part.testsModification
        case .value(let test): test.path == .modifiedAt
        case .linked(let test): test.target.testsModification
        case .everything, .nothing, .ids, .idPattern, .type, .scope, .attribute, .geometry,
            .decided:
            false
        }
    }
}
