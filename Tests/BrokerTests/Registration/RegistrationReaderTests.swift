import Clauses
import ContextModel
import Federation
import Testing

@testable import Broker

@Suite(.clause("5.2.9", "5.2.10")) struct RegistrationReaderTests {
    @Test func `a registration is read with its names expanded`() throws {
        let registration = try Sample.read([
            "information": [
                [
                    "entities": [["type": ["Bus", "Vehicle"], "idPattern": "urn:bus:.*"]],
                    "propertyNames": ["speed"], "relationshipNames": ["line"],
                ]
            ],
            "mode": "redirect", "operations": ["retrieveOps", "createEntity"],
            "datasetId": ["urn:d:1", "@none"], "expiresAt": "2100-01-01T00:00:00Z",
            "observationInterval": ["startAt": "2020-01-01T00:00:00Z"],
            "managementInterval": [
                "startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z",
            ],
        ])
        let info = try #require(registration.information.first)
        let ld = LDContext.core
        #expect(info.entities?.first?.types == [ld.expand("Bus"), ld.expand("Vehicle")])
        #expect(info.attributes == [ld.expand("speed"), ld.expand("line")])
        #expect(registration.mode == .redirect)
        #expect(registration.operations == [.retrieveEntity, .queryEntity, .createEntity])
        #expect(registration.datasetIDs == ["urn:d:1", nil])
        #expect(registration.expiresAt == Timestamp("2100-01-01T00:00:00Z"))
        #expect(registration.observationInterval?.endAt == nil)
        #expect(registration.managementInterval?.endAt == Timestamp("2021-01-01T00:00:00Z"))
    }

    @Test(.clause("4.4")) func `@id and @type are id and type`() throws {
        let registration = try Sample.read([
            "information": [["entities": [["@type": "Bus", "@id": "urn:a:1"]]]]
        ])
        let entity = try #require(registration.information.first?.entities?.first)
        #expect(entity.types == [LDContext.core.expand("Bus")])
        #expect(entity.id == EntityID("urn:a:1"))
    }

    @Test func `an interval with a misspelt end is refused`() {
        #expect(throws: BrokerError(.badRequestData, "")) {
            try RegistrationReader.requireKnownMembers([
                "observationInterval": [
                    "startAt": "2020-01-01T00:00:00Z", "endsAt": "2021-01-01T00:00:00Z",
                ]
            ])
        }
    }

    @Test func `patterns of a registration have a budget`() throws {
        func read(_ count: Int) throws {
            let entity: JSONValue = ["type": "Bus", "idPattern": "a"]
            let entities = Array(repeating: entity, count: count)
            _ = try Sample.read(["information": [["entities": .array(entities)]]])
        }
        try read(Pattern.maximumTogether)
        #expect(throws: BrokerError(.tooComplexQuery, "")) {
            try read(Pattern.maximumTogether + 1)
        }
    }

    @Test func `optional members may be left out`() throws {
        let registration = try Sample.read()
        #expect(registration.mode == .inclusive)
        #expect(registration.operations == DistributedOperation.federation)
        #expect(registration.datasetIDs == nil)
    }

    @Test(
        arguments: [
            ("endpoint", nil), ("endpoint", "here"), ("endpoint", "urn:x:y"), ("endpoint", 5),
            ("endpoint", "http://me:secret@source.example/"), ("information", nil),
            ("information", []), ("information", "Bus"), ("information", [[:]]),
            ("information", [["entities": []]]),
            ("information", [["entities": [["id": "urn:a:1"]]]]),
            ("information", [["entities": [["type": "Bus", "id": "bus"]]]]),
            ("information", [["entities": [["type": "Bus", "idPattern": "("]]]]),
            ("information", [["entities": [["type": []]]]]),
            ("information", [["propertyNames": []]]),
            ("information", [["relationshipNames": ["a b"]]]), ("information", [["names": ["a"]]]),
            ("mode", "shared"), ("mode", 1), ("operations", []), ("operations", ["fly"]),
            ("operations", "retrieveOps"), ("datasetId", ["here"]), ("datasetId", "urn:d:1"),
            ("expiresAt", "tomorrow"), ("refreshRate", "often"), ("description", ""),
            ("registrationName", 7), ("contextSourceAlias", "a b"), ("tenant", true),
            ("location", ["type": "Point"]), ("location", "here"),
            ("observationSpace", ["type": "Point", "coordinates": [200, 0]]),
            ("operationSpace", ["type": "Circle", "coordinates": [0, 0]]), ("scope", "a b"),
            ("scope", 3), ("observationInterval", "always"), ("observationInterval", [:]),
            (
                "managementInterval",
                ["startAt": "2021-01-01T00:00:00Z", "endAt": "2020-01-01T00:00:00Z"]
            ),
            ("management", "yes"), ("management", ["cacheDuration": "bogus"]),
            ("management", ["cooldown": 0]), ("management", ["timeout": -5]),
            ("management", ["localOnly": "yes"]), ("management", ["other": 1]),
            ("contextSourceInfo", [["key": "a"]]),
            ("contextSourceInfo", [["key": 5, "value": "v"]]),
            ("contextSourceInfo", [["key": "X", "value": 1]]),
            ("contextSourceInfo", [["key": "X", "value": "a\r\nb"]]),
            ("contextSourceInfo", [["key": "Host", "value": "a"]]),
            ("contextSourceInfo", [["key": "accept", "value": "text/html"]]),
            ("contextSourceInfo", [["key": "ngsildConformance", "value": "one"]]),
            ("contextSourceInfo", [["key": "jsonldContext", "value": "here"]]), ("extra", .null),
        ] as [(String, JSONValue?)]
    )
    func `a wrong member is refused and named`(_ member: String, _ value: JSONValue?) {
        let error = #expect(throws: BrokerError.self) { try Sample.read([member: value]) }
        #expect(error?.code == .badRequestData)
        #expect(error?.detail.contains(member) == true)
    }

    @Test(arguments: [
        "accept": "application/json", "contentType": "application/ld+json",
        "jsonldContext": "http://example.org/context.jsonld", "ngsildConformance": "1.5",
        "X-Auth-Token": "abc",
    ])
    func `pairs for a source are accepted`(_ key: String, _ value: String) throws {
        _ = try Sample.read([
            "contextSourceInfo": [["key": .string(key), "value": .string(value)]]
        ])
    }

    // MARK: Modes

    @Test(arguments: [
        Sample.information(["type": "Bus", "id": "urn:bus:1"]),
        Sample.information(["type": "Bus"], ["speed"]),
        Sample.information(["type": "Bus", "idPattern": "urn:.*"], ["speed"]),
        Sample.information(nil, ["speed"]),
    ])
    func `an exclusive source names entities by id, and attributes`(_ information: JSONValue) {
        #expect(throws: BrokerError(.badRequestData, "")) {
            try Sample.read(["mode": "exclusive", "information": information])
        }
    }

    @Test func `an auxiliary source only reads`() throws {
        for operations: JSONValue? in [nil, ["retrieveOps"], ["retrieveEntity", "queryEntity"]] {
            _ = try Sample.read(["mode": "auxiliary", "operations": operations])
        }
        #expect(throws: BrokerError(.badRequestData, "")) {
            try Sample.read(["mode": "auxiliary", "operations": ["retrieveOps", "updateOps"]])
        }
    }
}
