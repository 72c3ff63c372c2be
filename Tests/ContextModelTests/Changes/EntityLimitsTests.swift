import Testing

@testable import ContextModel

/// The size of an entity after a change, and the time that a change takes.
@Suite struct EntityLimitsTests {
    private static let now = Timestamp(microseconds: 1)
    private static let name = IRI("urn:x:a")

    private static func instances(_ count: Int) -> [Attribute] {
        (0..<count).map {
            Attribute(
                kind: .property,
                value: JSONValue(integerLiteral: $0),
                datasetID: "urn:x:\($0)"
            )
        }
    }

    private static func entity(_ attributes: [NamedAttribute]) -> Entity {
        Entity(id: EntityID("urn:x:e"), types: [IRI("urn:x:T")], attributes: attributes)
    }

    private static func entity(_ count: Int) -> Entity {
        entity([NamedAttribute(name: name, instances: instances(count))])
    }

    private static func names(_ count: Int, instances: Int = 1) -> [NamedAttribute] {
        let instances = Self.instances(instances)
        return (0..<count).map {
            NamedAttribute(name: IRI("urn:x:n\($0)"), instances: instances)
        }
    }

    private static func time(_ body: () throws -> Void) rethrows -> Duration {
        try ContinuousClock().measure(body)
    }

    /// In quadratic time, the larger one would take four hundred times as long.
    @Test func `a change of many instances takes time in proportion to their number`() throws {
        func change(_ count: Int) -> Duration {
            let (old, new) = (Self.entity(count), Self.entity(count * 3 / 2))
            return Self.time {
                let grown = EntityChange.replacement(of: old, with: new, at: Self.now)
                #expect(grown.attributes.count == count * 3 / 2)
                let shrunk = EntityChange.replacement(of: new, with: old, at: Self.now)
                #expect(shrunk.after?.attributes.first?.instances.count == count)
                let gone = EntityChange.removal(of: [Self.name], from: new, at: Self.now)
                #expect(gone?.after?.attributes.isEmpty == true)
            }
        }
        _ = change(2_000)
        let small = change(2_000)
        #expect(change(40_000) < small * 120 + .seconds(1))
    }

    @Test func `merging many members and sub-attributes takes linear time, too`() throws {
        func merge(_ count: Int) throws -> Duration {
            let members = (0..<count).map { (key: "m\($0)", value: JSONValue.bool(true)) }
            let value = JSONValue.object(JSONObject(members))
            let reversed = JSONValue.object(JSONObject(members.reversed()))
            var old = Attribute(kind: .property, value: value)
            old.attributes = Self.names(count)
            var fragment = AttributeFragment(kind: .property, value: reversed)
            fragment.attributes = old.attributes.map { named in
                var part = AttributeFragment(kind: .property, value: 1)
                part.datasetID = named.instances[0].datasetID
                return NamedFragment(name: named.name, instances: [part])
            }
            return try Self.time {
                let merged = try old.merged(with: fragment, common: MergeDefaults())
                #expect(merged.attributes.count == count)
                #expect(merged.attributes.last?.instances.map(\.value) == [1])
                #expect(merged.value == reversed)
            }
        }
        _ = try merge(2_000)
        let small = try merge(2_000)
        #expect(try merge(40_000) < small * 120 + .seconds(1))
    }

    @Test(arguments: [2, 40])
    func `an instance that is removed and given again is last`(count: Int) throws {
        let json: JSONValue = [
            "a": [
                ["type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:x:0"],
                ["type": "Property", "value": 7, "datasetId": "urn:x:1"],
            ]
        ]
        let again: JSONValue = ["a": ["type": "Property", "value": 8, "datasetId": "urn:x:0"]]
        let reader = EntityReader(context: .core, options: .init(allowsNull: true))
        var fragment = EntityFragment()
        fragment.attributes = try [json, again].flatMap {
            try reader.fragment($0).attributes.map {
                NamedFragment(name: Self.name, instances: $0.instances)
            }
        }
        let change = try EntityChange.update(
            of: Self.entity(count),
            with: fragment,
            at: Self.now
        )
        let instances = try #require(change.after?[Self.name])
        #expect(instances.count == count)
        #expect(instances.filter { $0.datasetID == "urn:x:0" }.map(\.value) == [8])
        #expect(instances.last?.datasetID == "urn:x:0")
        #expect(instances.first { $0.datasetID == "urn:x:1" }?.value == 7)
    }

    @Test func `growth beyond a limit is refused by name, and shrinking is allowed`() {
        let limit = EntityLimits.instances
        func problem(_ before: Int?, _ after: Int) -> String? {
            EntityLimits.problem(
                with: EntityChange(before: before.map(Self.entity), after: Self.entity(after))
            )
        }
        #expect(problem(nil, limit) == nil)
        #expect(problem(nil, limit + 1)?.contains("2000 instances of one attribute") == true)
        #expect(problem(limit, limit + 1) != nil)
        #expect(problem(limit + 2, limit + 1) == nil)
        #expect(problem(limit + 1, limit + 1) == nil)
    }

    @Test func `every size of an entity has a limit, at any depth`() {
        func problem(_ entity: Entity) -> String? {
            EntityLimits.problem(with: EntityChange(before: nil, after: entity))
        }
        #expect(problem(Self.entity(Self.names(EntityLimits.attributes, instances: 5))) == nil)
        let names = Self.names(EntityLimits.attributes + 1)
        #expect(problem(Self.entity(names))?.contains("2000 attributes") == true)
        let many = Self.names(EntityLimits.attributes, instances: 6)
        #expect(problem(Self.entity(many))?.contains("10000 instances") == true)
        for inner in [names, many] {
            var outer = Attribute(kind: .property, value: 1)
            outer.attributes = inner
            let named = NamedAttribute(name: Self.name, instances: [outer])
            #expect(problem(Self.entity([named])) != nil)
        }
        #expect(EntityLimits.exceedInstances(many))
        #expect(!EntityLimits.exceedInstances(names))
        var entity = Self.entity(1)
        entity.types = (0...EntityLimits.types).map { IRI("urn:x:T\($0)") }
        #expect(problem(entity)?.contains("100 types") == true)
        entity = Self.entity(1)
        entity.scopes = (0...EntityLimits.scopes).map { "/\($0)" }
        #expect(problem(entity)?.contains("100 scopes") == true)
    }
}
