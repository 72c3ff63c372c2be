import Clauses
import ContextModel
import Testing

@Suite(.clause("5.5.8", "5.4")) struct EntityChangeTests {
    private static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }
    private static let speed = iri("speed")
    private static let name = iri("name")
    private static let born = Timestamp(microseconds: 1)
    private static let now = Timestamp(microseconds: 2)

    /// A bus created at `born`, with two instances of its speed.
    private static func bus() throws -> Entity {
        let entity = try EntityReader(context: .core).entity([
            "id": "urn:x:1", "type": "Bus", "scope": "/Phuket",
            "speed": [
                ["value": 1, "unitCode": "KMH", "accuracy": 5],
                ["value": 2, "datasetId": "urn:x:gps"],
            ],
            "name": ["type": "LanguageProperty", "languageMap": ["en": "Bus", "th": "รถ"]],
        ])
        return try #require(EntityChange.creation(of: entity, at: born).after)
    }

    private static func fragment(_ json: JSONValue) throws -> EntityFragment {
        try EntityReader(
            context: .core,
            options: .init(allowsNull: true, allowsNullInside: true, isPartial: true)
        )
        .fragment(json)
    }

    /// Each change of an attribute: name, `datasetId`, value before and after.
    private func list(_ change: EntityChange) -> [String] {
        change.attributes.map {
            let dataset = ($0.after ?? $0.before)?.datasetID.map { "@\($0)" } ?? ""
            let before = $0.before?.value.text ?? "-"
            return
                "\(LDContext.core.compact($0.name))\(dataset) \(before) \($0.after?.value.text ?? "-")"
        }
    }

    /// Changes the bus, and checks what is true for every change of an entity that stays.
    private func changed(
        _ make: (Entity) throws -> EntityChange
    ) throws -> (change: EntityChange, after: Entity) {
        let bus = try Self.bus()
        let change = try make(bus)
        let after = try #require(change.after)
        #expect(change.before == bus)
        #expect(after.createdAt == Self.born)
        #expect(after.modifiedAt == Self.now)
        for part in change.attributes {
            #expect(part.after == nil || part.after?.modifiedAt == Self.now)
            #expect(
                part.after == nil || part.after?.createdAt == part.before?.createdAt ?? Self.now
            )
        }
        return (change, after)
    }

    private func updated(_ json: JSONValue) throws -> (change: EntityChange, after: Entity) {
        try changed { try .update(of: $0, with: Self.fragment(json), at: Self.now) }
    }

    private func merged(
        _ json: JSONValue,
        _ common: MergeDefaults = MergeDefaults()
    ) throws -> (change: EntityChange, after: Entity) {
        try changed {
            try .merge(into: $0, Self.fragment(json), common: common, at: Self.now)
        }
    }

    private func partly(_ name: String, _ json: JSONValue) throws -> EntityChange? {
        let reader = EntityReader(context: .core, options: .init(allowsNull: true, isPartial: true))
        let (iri, fragment) = try reader.attributeFragment(name, json)
        return try EntityChange.partialUpdate(
            of: try Self.bus(),
            iri,
            with: fragment,
            at: Self.now
        )
    }

    // MARK: Creation and deletion

    @Test func `a creation has every instance, with times down to the last sub-attribute`() throws {
        let entity = try Self.bus()
        let change = EntityChange.creation(of: entity, at: Self.born)
        #expect(change.before == nil && change.after == entity)
        #expect(list(change).count == 3)
        #expect(change.attributes.allSatisfy { $0.before == nil })
        #expect(entity.createdAt == Self.born && entity.modifiedAt == Self.born)
        let accuracy = entity[Self.speed].first?.attributes.first?.instances.first
        #expect(accuracy?.createdAt == Self.born && accuracy?.modifiedAt == Self.born)
    }

    @Test func `a deletion has every instance`() throws {
        let change = EntityChange.deletion(of: try Self.bus())
        #expect(change.after == nil && !change.isEmpty)
        #expect(
            list(change) == [
                "speed 1 -", "speed@urn:x:gps 2 -", "name {\"en\":\"Bus\",\"th\":\"รถ\"} -",
            ]
        )
    }

    // MARK: Replacement

    @Test func `a replacement removes what is not given`() throws {
        let new = try EntityReader(context: .core).entity([
            "id": "urn:x:1", "type": "Tram", "speed": 7, "doors": 2,
        ])
        let (change, after) = try changed { .replacement(of: $0, with: new, at: Self.now) }
        #expect(
            list(change) == [
                "speed@urn:x:gps 2 -", "name {\"en\":\"Bus\",\"th\":\"รถ\"} -", "speed 1 7",
                "doors - 2",
            ]
        )
        #expect(after.types == [Self.iri("Tram")])
        #expect(after.scopes.isEmpty)
        #expect(after[Self.speed].first?.unitCode == nil)
        #expect(after[Self.speed].first?.createdAt == Self.born)
        #expect(after[Self.iri("doors")].first?.createdAt == Self.now)
    }

    // MARK: Update

    @Test func `an update replaces one instance as a whole and leaves the other`() throws {
        let (change, after) = try updated(["speed": ["value": 9]])
        #expect(list(change) == ["speed 1 9"])
        #expect(after[Self.speed].map(\.value) == [9, 2])
        #expect(after[Self.speed].first?.unitCode == nil)
        #expect(after[Self.speed].first?.attributes.isEmpty == true)
    }

    @Test func `an update adds types and instances, and removes with null`() throws {
        let (change, after) = try updated([
            "type": ["Tram", "Bus"], "speed": ["value": 3, "datasetId": "urn:x:radar"],
            "name": "urn:ngsi-ld:null", "doors": 2,
        ])
        #expect(
            list(change) == [
                "speed@urn:x:radar - 3", "name {\"en\":\"Bus\",\"th\":\"รถ\"} -", "doors - 2",
            ]
        )
        #expect(after.types == [Self.iri("Bus"), Self.iri("Tram")])
        #expect(after[Self.name].isEmpty)
    }

    @Test func `null for something absent changes nothing`() throws {
        let (change, after) = try updated(["doors": "urn:ngsi-ld:null"])
        #expect(change.attributes.isEmpty && change.isEmpty)
        #expect(change.untouched == [Self.iri("doors")])
        #expect(after.attributes == change.before?.attributes)
    }

    @Test func `scopes are updated where there are some`() throws {
        #expect(try updated(["scope": "/Patong"]).after.scopes == ["/Patong"])
        var bus = try Self.bus()
        bus.scopes = []
        let fragment = try Self.fragment(["scope": "/Patong"])
        let change = try EntityChange.update(of: bus, with: fragment, at: Self.now)
        #expect(change.after?.scopes == [])
        #expect(change.untouched == [.scope])
    }

    @Test(.clause("4.22")) func `the expiry of an entity can be set, changed and removed`() throws {
        let (first, second) = ("2998-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
        var bus = try Self.bus()
        func expiry(_ make: (Entity) throws -> EntityChange) rethrows -> String? {
            try make(bus).after?.expiresAt?.text
        }
        let given = try Self.fragment(["expiresAt": .string(second)])
        let removed = try Self.fragment(["expiresAt": "urn:ngsi-ld:null"])
        for expiresAt in [nil, Timestamp(first)] {
            bus.expiresAt = expiresAt
            #expect(try expiry { try .update(of: $0, with: given, at: Self.now) } == second)
            #expect(try expiry { try .update(of: $0, with: removed, at: Self.now) } == nil)
            #expect(try expiry { try .merge(into: $0, given, at: Self.now) } == second)
            #expect(try expiry { try .merge(into: $0, removed, at: Self.now) } == nil)
            let appended = try expiry {
                try .appending(to: $0, given, overwrites: false, at: Self.now)
            }
            #expect(appended == (expiresAt == nil ? second : first))
        }
        #expect(throws: EntityError.self) {
            try EntityReader(context: .core).fragment(["expiresAt": "urn:ngsi-ld:null"])
        }
    }

    @Test func `a new attribute needs a value`() {
        #expect(throws: EntityError.self) { try updated(["doors": ["unitCode": "C62"]]) }
    }

    // MARK: Append

    @Test func `appending overwrites if it may`() throws {
        let (change, after) = try changed {
            try .appending(
                to: $0,
                Self.fragment(["speed": 9, "doors": 2, "scope": "/Patong"]),
                overwrites: true,
                at: Self.now
            )
        }
        #expect(list(change) == ["speed 1 9", "doors - 2"])
        #expect(change.untouched.isEmpty)
        #expect(after.scopes == ["/Patong"])
    }

    @Test func `appending keeps present attributes if it may not overwrite`() throws {
        let (change, after) = try changed {
            try .appending(
                to: $0,
                Self.fragment(["speed": 9, "doors": 2, "scope": ["/Phuket", "/Patong"]]),
                overwrites: false,
                at: Self.now
            )
        }
        #expect(list(change) == ["doors - 2"])
        #expect(change.untouched == [Self.speed])
        #expect(after[Self.speed].map(\.value) == [1, 2])
        #expect(after.scopes == ["/Phuket", "/Patong"])
    }

    // MARK: Merge

    @Test func `a merge keeps what it does not name, at every depth`() throws {
        let (change, after) = try merged([
            "speed": ["value": 9, "accuracy": ["unitCode": "P1"], "source": "gps"]
        ])
        #expect(list(change) == ["speed 1 9"])
        let speed = try #require(after[Self.speed].first)
        #expect(speed.unitCode == "KMH")
        #expect(speed.attributes.map(\.name) == [Self.iri("accuracy"), Self.iri("source")])
        #expect(speed.attributes[0].instances.map(\.value) == [5])
        #expect(speed.attributes[0].instances[0].unitCode == "P1")
        #expect(speed.attributes[0].instances[0].createdAt == Self.born)
        #expect(speed.attributes[1].instances[0].createdAt == Self.now)
    }

    @Test func `a merge removes members, sub-attributes and attributes with null`() throws {
        let (change, after) = try merged([
            "speed": ["unitCode": "urn:ngsi-ld:null", "accuracy": "urn:ngsi-ld:null"],
            "name": ["languageMap": ["en": "urn:ngsi-ld:null", "de": "Bus"]],
        ])
        #expect(change.attributes.count == 2)
        #expect(after[Self.speed].first?.unitCode == nil)
        #expect(after[Self.speed].first?.attributes.isEmpty == true)
        #expect(after[Self.speed].first?.value == 1)
        #expect(after[Self.name].first?.value == ["th": "รถ", "de": "Bus"])
    }

    @Test func `objects are merged member by member, other values replaced`() throws {
        var bus = try Self.bus()
        bus.attributes = [
            NamedAttribute(
                name: Self.iri("address"),
                instances: [Attribute(kind: .property, value: ["a": ["b": 1, "c": 2], "d": [1]])]
            )
        ]
        let fragment = try Self.fragment([
            "address": ["value": ["a": ["b": "urn:ngsi-ld:null", "e": 3], "d": [2, 3]]]
        ])
        let change = try EntityChange.merge(into: bus, fragment, at: Self.now)
        #expect(
            change.after?[Self.iri("address")].first?.value == [
                "a": ["c": 2, "e": 3], "d": [2, 3],
            ]
        )
    }

    @Test func `a plain string is text of the common language`() throws {
        let (_, after) = try merged(["name": "Bus no. 1"], MergeDefaults(language: "en"))
        #expect(after[Self.name].map(\.kind) == [.languageProperty])
        #expect(after[Self.name].first?.value == ["en": "Bus no. 1", "th": "รถ"])
    }

    @Test func `the common time is for attributes that have one`() throws {
        var bus = try Self.bus()
        bus.attributes[0].instances[0].observedAt = Self.born
        let common = MergeDefaults(observedAt: Self.now)
        let fragment = try Self.fragment(["speed": 9, "name": ["languageMap": ["en": "B"]]])
        let change = try EntityChange.merge(into: bus, fragment, common: common, at: Self.now)
        #expect(change.after?[Self.speed].first?.observedAt == Self.now)
        #expect(change.after?[Self.name].first?.observedAt == nil)
    }

    @Test func `another kind replaces an attribute`() throws {
        let (_, after) = try merged(["speed": ["type": "Relationship", "object": "urn:x:2"]])
        #expect(after[Self.speed].first == after[Self.speed].first { $0.kind == .relationship })
        #expect(after[Self.speed].first?.unitCode == nil)
        #expect(after[Self.speed].first?.createdAt == Self.born)
    }

    // MARK: One attribute

    @Test func `a partial update changes the members given`() throws {
        let change = try #require(try partly("speed", ["value": 9, "accuracy": 6]))
        #expect(list(change) == ["speed 1 9"])
        let speed = change.after?[Self.speed].first
        #expect(speed?.unitCode == "KMH")
        #expect(speed?.attributes.first?.instances.map(\.value) == [6])
        #expect(speed?.createdAt == Self.born && speed?.modifiedAt == Self.now)
        let unit = try #require(try partly("speed", ["unitCode": "urn:ngsi-ld:null"]))
        #expect(list(unit) == ["speed 1 1"])
        #expect(unit.after?[Self.speed].first?.unitCode == nil)
    }

    @Test func `a partial update is of one instance`() throws {
        let json: JSONValue = ["value": 9, "datasetId": "urn:x:gps"]
        #expect(try partly("speed", json).map(list) == ["speed@urn:x:gps 2 9"])
        #expect(try partly("speed", "urn:ngsi-ld:null").map(list) == ["speed 1 -"])
    }

    @Test func `a partial update of something absent is no change`() throws {
        #expect(try partly("doors", ["value": 1]) == nil)
        #expect(try partly("speed", ["value": 1, "datasetId": "urn:x:no"]) == nil)
    }

    @Test func `a partial update keeps the kind`() {
        #expect(throws: EntityError.self) {
            try partly("speed", ["type": "Relationship", "object": "urn:x:2"])
        }
    }

    @Test func `an attribute is replaced as a whole`() throws {
        let new = Attribute(kind: .relationship, value: "urn:x:2")
        let bus = try Self.bus()
        let change = EntityChange.attributeReplacement(in: bus, Self.speed, with: new, at: Self.now)
        #expect(change.map(list) == ["speed 1 \"urn:x:2\""])
        #expect(change?.after?[Self.speed].first?.unitCode == nil)
        #expect(change?.after?[Self.speed].first?.createdAt == Self.born)
        let nothing = EntityChange.attributeReplacement(
            in: bus,
            Self.iri("doors"),
            with: new,
            at: Self.now
        )
        #expect(nothing == nil)
    }

    private func deletion(
        _ name: IRI,
        _ datasetID: String? = nil,
        all: Bool = false
    ) throws -> EntityChange? {
        .attributeDeletion(
            in: try Self.bus(),
            name,
            datasetID: datasetID,
            all: all,
            at: Self.now
        )
    }

    @Test func `one instance is deleted, or all`() throws {
        #expect(try deletion(Self.speed).map(list) == ["speed 1 -"])
        #expect(try deletion(Self.speed, "urn:x:gps").map(list) == ["speed@urn:x:gps 2 -"])
        let all = try #require(try deletion(Self.speed, all: true))
        #expect(list(all) == ["speed 1 -", "speed@urn:x:gps 2 -"])
        #expect(all.after?.attributes.map(\.name) == [Self.name])
        #expect(try deletion(Self.speed, "urn:x:no") == nil)
        #expect(try deletion(Self.iri("doors"), all: true) == nil)
    }

    @Test func `scopes are deleted like an attribute`() throws {
        let change = try #require(try deletion(.scope))
        #expect(change.after?.scopes == [])
        #expect(change.attributes.isEmpty && !change.isEmpty)
    }

    @Test func `a removal has every instance of the names`() throws {
        let bus = try Self.bus()
        let change = EntityChange.removal(of: [Self.speed], from: bus, at: Self.now)
        #expect(change.map(list) == ["speed 1 -", "speed@urn:x:gps 2 -"])
        #expect(EntityChange.removal(of: [], from: bus, at: Self.now) == nil)
    }
}
