import Clauses
import ContextModel
import Testing

@Suite(.clause("5.5.4")) struct EntityReaderTests {
    private func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    private func read(
        _ json: JSONValue,
        _ options: EntityReader.Options = .init()
    ) throws -> Entity {
        try EntityReader(context: .core, options: options).entity(json)
    }

    private func detail(_ json: JSONValue) -> String {
        do {
            _ = try read(json)
            return "it was read"
        } catch {
            return (error as? EntityError)?.detail ?? "\(error)"
        }
    }

    @Test func `an entity is read with its names expanded`() throws {
        let entity = try read([
            "id": "urn:x:1", "type": "Bus", "scope": ["Phuket", "/Patong"],
            "expiresAt": "2026-01-31T08:00:00Z", "speed": ["type": "Property", "value": 1],
        ])
        #expect(entity.id == EntityID("urn:x:1"))
        #expect(entity.types == [iri("Bus")])
        #expect(entity.scopes == ["/Phuket", "/Patong"])
        #expect(entity.expiresAt?.text == "2026-01-31T08:00:00Z")
        #expect(entity.attributes.map(\.name) == [iri("speed")])
        #expect(entity[iri("speed")] == [Attribute(kind: .property, value: 1)])
    }

    @Test func `JSON-LD keywords work like their aliases`() throws {
        let entity = try read(["@id": "urn:x:1", "@type": ["Bus", "Tram", "Bus"]])
        #expect(entity.id.uri == "urn:x:1")
        #expect(entity.types == [iri("Bus"), iri("Tram")])
    }

    @Test func `system times are not accepted from the caller`() throws {
        let entity = try read([
            "id": "urn:x:1", "type": "Bus", "createdAt": "2001-01-01T00:00:00Z",
            "modifiedAt": "2001-01-01T00:00:00Z",
        ])
        #expect(entity.createdAt == nil && entity.modifiedAt == nil && entity.attributes.isEmpty)
    }

    @Test(
        arguments: [
            ([:], "'id'"), (["id": "urn:x:1"], "'type'"), (["id": "x", "type": "A"], "'id'"),
            (["id": 1, "type": "A"], "'id'"), (["id": "urn:x:1", "type": []], "'type'"),
            (["id": "urn:x:1", "type": 7], "'type'"), (["id": "urn:x:1", "type": ""], "'type'"),
            (["id": "urn:x:1", "type": "A", "scope": "a b"], "'scope'"),
            (["id": "urn:x:1", "type": "A", "scope": "urn:ngsi-ld:null"], "'scope'"),
            (["id": "urn:x:1", "type": "A", "expiresAt": "soon"], "'expiresAt'"),
            (["id": "urn:x:1", "type": "A", "sp eed": 1], "'sp eed'"),
            (["id": "urn:x:1", "type": "9A"], "'type'"),
            (["id": "urn:ngsi-ld:null", "type": "A"], "'id'"),
            (["id": "urn:x:1", "type": "A", "location": "here"], "'location'"),
            (
                ["id": "urn:x:1", "type": "A", "expiresAt": "2026-01-31T08:00:00+07:00"],
                "'expiresAt'"
            ),
            (
                ["id": "urn:x:1", "type": "A", "ngsildproof": ["value": "text"]],
                "'ngsildproof.value'"
            ),
            (["id": "urn:x:1", "type": "A", "observedAt": 1], "'observedAt'"),
            (["id": "urn:x:1", "type": "A", "@x": 1], "'@x'"),
        ] as [(JSONValue, String)]
    )
    func `an error is named`(json: JSONValue, member: String) {
        #expect(detail(json).contains(member))
        #expect(detail(json) != "it was read")
    }

    @Test(arguments: ["text", 1, [], nil] as [JSONValue])
    func `an entity is an object`(json: JSONValue) {
        #expect(throws: EntityError.self) { try read(json) }
    }

    @Test func `two names of one attribute are refused`() {
        let name = "https://uri.etsi.org/ngsi-ld/default-context/speed"
        let message = detail(["id": "urn:x:1", "type": "A", "speed": 1, name: 2])
        #expect(message.contains("twice"))
    }

    @Test func `in a request to an evolution, attributes are counted and not members`() throws {
        var members: JSONObject = ["id": "urn:x:1", "type": "A", "scope": "/a"]
        for number in 0..<EntityLimits.attributes { members["a\(number)"] = 1 }
        let reader = EntityReader(context: .core, options: .init(isTemporal: true))
        let whole = try reader.entity(.object(members))
        #expect(whole.attributes.count == EntityLimits.attributes)
        members["more"] = 1
        #expect(throws: EntityError.self) { try reader.entity(.object(members)) }
        for (member, most) in [("type", EntityLimits.types), ("scope", EntityLimits.scopes)] {
            func read(_ count: Int) throws -> Entity {
                let names = JSONValue.array((0..<count).map { .string("n\($0)") })
                var members: JSONObject = ["id": "urn:x:1", "type": "A"]
                members[member] = names
                return try reader.entity(.object(members))
            }
            #expect(try read(most).id == EntityID("urn:x:1"))
            #expect(throws: EntityError.self) { try read(most + 1) }
        }
    }

    /// An entity that was too large before the limits may stay so, which only the change can tell.
    @Test func `an entity beyond the limits is read in linear time`() throws {
        func read(_ count: Int) throws -> Duration {
            let names = (0..<count).map { "n\($0)" }
            let attributes = names.map { (key: "a\($0)", value: JSONValue.bool(true)) }
            let rest: [(key: String, value: JSONValue)] = [
                ("id", "urn:x:1"), ("type", .array(names.map { .string($0) })),
                ("scope", .array(names.map { .string("/\($0)") })),
            ]
            let json = JSONValue.object(JSONObject(rest + attributes))
            return try ContinuousClock().measure {
                let entity = try self.read(json)
                #expect(entity.attributes.count == count)
                #expect(entity.types.count == count && entity.scopes.count == count)
            }
        }
        _ = try read(2_500)
        let small = try read(2_500)
        #expect(try read(50_000) < small * 120 + .seconds(1))
    }

    @Test func `a fragment may lack everything, and null removes the scopes`() throws {
        let reader = EntityReader(context: .core, options: .init(allowsNull: true))
        let empty = try reader.fragment([:])
        #expect(empty.id == nil && empty.types.isEmpty && empty.scopes == nil)
        #expect(try reader.fragment(["scope": "urn:ngsi-ld:null"]).scopes == [])
    }

    @Test func `one attribute is read beside an @context`() throws {
        let reader = EntityReader(context: .core)
        let (name, fragment) = try reader.attributeFragment(
            "speed",
            ["@context": "https://city.example/c", "value": 1]
        )
        #expect(name == iri("speed"))
        #expect(fragment.complete == Attribute(kind: .property, value: 1))
        #expect(throws: EntityError.self) {
            try reader.attributeFragment(
                "speed",
                [["value": 1], ["value": 2, "datasetId": "urn:x:gps"]]
            )
        }
        #expect(throws: EntityError.self) { try reader.attributeFragment("datasetId", 1) }
    }

    @Test func `the entity's proof keeps what it seals beside its value (annex C_11)`() throws {
        let proof: JSONValue = [
            "type": "Property", "value": ["proofValue": "z"], "entityIdSealed": "urn:x:1",
            "entityTypeSealed": "Bus",
        ]
        let entity = try read(["id": "urn:x:1", "type": "Bus", "ngsildproof": proof])
        var json = JSONWriter(reservingBytes: 256)
        EntityWriter(Representation(), context: .core).write(entity, to: &json)
        let written = try JSONReader.read(json.bytes).objectValue
        #expect(written?["ngsildproof"] == proof)
    }
}

@Suite struct ScopeTests {
    @Test(arguments: ["a", "/a", "/Phuket/Patong", "ป่าตอง", "a/b_1"])
    func `a scope is names between slashes`(text: String) {
        #expect(Scope.isValid(text))
        #expect(Scope.normalized(text).hasPrefix("/"))
        #expect(!Scope.normalized(text).hasPrefix("//"))
    }

    @Test(arguments: ["", "/", "//a", "a/", "a//b", "a b", "a,b", "a;b", "/a/#", "/+/a", "a/b#"])
    func `patterns and empty names are no scopes`(text: String) {
        #expect(!Scope.isValid(text))
    }

    @Test func `a scope has a length limit`() {
        #expect(Scope.isValid(String(repeating: "a", count: 1_024)))
        #expect(!Scope.isValid(String(repeating: "a", count: 1_025)))
    }
}

@Suite struct URITextTests {
    @Test(arguments: ["urn:x", "http://a.example/?q#f", "a+b-c.1:x", "urn:ป่าตอง", "x:%20"])
    func `a URI has a scheme and something after it`(text: String) {
        #expect(URIText.isValid(text))
    }

    @Test(
        arguments: [
            "", "x", ":", "x:", ":x", "1a:x", "a b:x", "urn:a b", "urn:<x>", "urn:\"", "a/b:c",
            "urn:{x}", "urn:a\\b", "urn:a|b", "urn:a^b", "urn:a`b", "urn:\u{7F}",
        ]
    )
    func `anything else is not a URI`(text: String) {
        #expect(!URIText.isValid(text))
    }
}
