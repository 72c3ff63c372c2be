import ContextModel
import Governance
import Testing

@testable import Storage

@Suite struct GrantViewTests {
    private let traffic = IRI("https://example.org/TrafficFlowObserved")
    private let plate = IRI("https://example.org/licencePlate")

    @Test func `a grant removes hidden attributes at every depth`() throws {
        let grant = try Grants.read(hidden: [plate])
        let speed = IRI("https://example.org/speed")
        let hidden = NamedAttribute(
            name: plate,
            instances: [Attribute(kind: .property, value: "PKT 1026")]
        )
        let shown = NamedAttribute(
            name: speed,
            instances: [Attribute(kind: .property, value: 42, attributes: [hidden])]
        )
        let entity = Entity(
            id: EntityID("urn:x:1"),
            types: [traffic],
            attributes: [hidden, shown]
        )
        let shaped = grant.shape(entity)
        #expect(shaped.attributes.map(\.name) == [speed])
        #expect(shaped[speed][0].attributes.isEmpty)
    }

    @Test func `a change of a hidden attribute does not show in modifiedAt`() throws {
        let grant = try Grants.read(hidden: [plate])
        let speed = IRI("https://example.org/speed")
        func entity(hiddenChangedAt moment: Int64?) -> Entity {
            var entity = Entity(id: EntityID("urn:x:1"), types: [traffic])
            entity.createdAt = Timestamp(microseconds: 1)
            entity.modifiedAt = Timestamp(microseconds: max(moment ?? 5, 5))
            entity.attributes = [NamedAttribute(name: speed, instances: [reading(at: 5)])]
            if let moment {
                entity.attributes.append(
                    NamedAttribute(name: plate, instances: [reading(at: moment)])
                )
            }
            return entity
        }
        for moment in [nil, 3, 5, 9] as [Int64?] {
            let shaped = grant.shape(entity(hiddenChangedAt: moment))
            #expect(shaped == grant.shape(entity(hiddenChangedAt: nil)))
            #expect(shaped.modifiedAt == Timestamp(microseconds: 5))
            let dated = grant.dated(entity(hiddenChangedAt: moment))
            #expect(dated.modifiedAt == shaped.modifiedAt)
            #expect(dated.attributes == entity(hiddenChangedAt: moment).attributes)
        }
        var empty = entity(hiddenChangedAt: 9)
        empty.attributes.removeFirst()
        #expect(grant.shape(empty).modifiedAt == empty.createdAt)
    }

    private func reading(at moment: Int64) -> Attribute {
        Attribute(
            kind: .property,
            value: 1,
            createdAt: Timestamp(microseconds: 2),
            modifiedAt: Timestamp(microseconds: moment)
        )
    }

    // MARK: Where different things are hidden in different entities

    /// A grant that hides the label of stations, and the speed of entities in a scope.
    static func partly(_ condition: Condition = .everything) throws -> ReadGrant {
        try Grants.read(condition, prohibiting: parts)
    }

    static let parts = [
        Prohibition(assignee: .anyone, target: .type(.station), attributes: [.label]),
        Prohibition(
            assignee: .anyone,
            target: .scope(ScopePattern(segments: ["A", "#"])),
            attributes: [.speed]
        ),
    ]

    @Test func `hidden attributes are decided for each entity, and add up`() throws {
        let grant = try Self.partly()
        var entity = Entity("a", .sensor, [.label: "x", .speed: 1])
        #expect(grant.shape(entity).attributes.map(\.name) == [.label, .speed])
        entity.types = [.sensor, .station]
        #expect(grant.shape(entity).attributes.map(\.name) == [.speed])
        entity.scopes = ["/A/1"]
        #expect(grant.shape(entity).attributes.isEmpty)
        entity.types = [.sensor]
        #expect(grant.shape(entity).attributes.map(\.name) == [.label])
        #expect(try grant.shape(EntityCodec.encode(entity)).value() == grant.shape(entity))
        #expect(try grant.encode(entity).value() == grant.shape(entity))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a query is answered as if hidden attributes did not exist`(seed: UInt64) throws {
        var dice = SeededDice(seed)
        let grant = try Self.partly()
        for _ in 0..<200 {
            let condition = RandomEntities.condition(&dice)
            let entity = RandomEntities.entity(.random(in: 0..<9, using: &dice), &dice)
            let answer = grant.restricted(condition).matches(entity)
            try #require(
                answer == condition.matches(grant.shape(entity)),
                "seed \(seed): \(condition) of \(entity)"
            )
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a query is answered as if values were as they are shown`(seed: UInt64) throws {
        var dice = SeededDice(seed)
        let step = try #require(RoundingStep(JSONNumber(2)))
        let grant = try Grants.read(
            prohibiting: [
                Prohibition(
                    assignee: .anyone,
                    target: .everything,
                    attributes: [.speed],
                    shaping: .round(step)
                ),
                Prohibition(
                    assignee: .anyone,
                    target: .type(.sensor),
                    attributes: [.place],
                    shaping: .coarsen(.metres(100_000))
                ),
                Prohibition(
                    assignee: .anyone,
                    target: .type(.station),
                    attributes: [.label],
                    shaping: .delay(microseconds: 1)
                ),
            ]
        )
        var differing = 0
        for _ in 0..<200 {
            let condition = RandomEntities.condition(&dice)
            let entity = RandomEntities.entity(.random(in: 0..<9, using: &dice), &dice)
            let shown = grant.shape(entity)
            let answer = grant.restricted(condition).matches(entity)
            try #require(
                answer == condition.matches(shown),
                "seed \(seed): \(condition) of \(entity)"
            )
            if answer != condition.matches(entity) { differing += 1 }
            #expect(try grant.shape(EntityCodec.encode(entity)).value() == shown)
            #expect(try grant.encode(entity).value() == shown)
            #expect(grant.shape(shown) == shown)
        }
        #expect(differing > 0, "no answer depends on what is shown")
    }

    @Test func `a term about a hidden part of an attribute does not hold`() throws {
        let path = AttributePath(names: [.speed, .label])
        var entity = Entity("a", .station, [.speed: 1])
        entity.attributes[0].instances[0].attributes = [
            NamedAttribute(name: .label, instances: [Attribute(kind: .property, value: "x")])
        ]
        let test = Condition.value(ValueTest(path: path))
        #expect(test.matches(entity))
        let grant = try Self.partly()
        #expect(!grant.restricted(test).matches(entity))
        #expect(grant.restricted(.not(test)).matches(entity))
        entity.types = [.sensor]
        #expect(grant.restricted(test).matches(entity))
    }

    @Test func `a query of a reader from whom the same is hidden everywhere is unchanged`() throws {
        let test = Condition.attribute(.speed)
        #expect(try Grants.read(hidden: [.label]).restricted(test) == test)
        #expect(try Grants.read(.type(.sensor)).restricted(test) == .all([test, .type(.sensor)]))
    }
}
