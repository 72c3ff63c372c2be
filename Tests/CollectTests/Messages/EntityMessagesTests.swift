import ContextModel
import Testing

@testable import Collect

@Suite struct EntityMessagesTests {
    private func map(_ message: String) throws -> MappedMessage {
        let definition = """
            format: ngsi
            webhook: {bearer: {file: secret}}
            types: [Room, AirQualityObserved]
            """
        let source = try SourceDefinition(definition, name: "test")
        #expect(source.types == ["Room", "AirQualityObserved"] && !source.hasOwnTimes)
        return try SourceMapper(source).map(
            SourceMessage(Array(message.utf8), receivedAt: Timestamp(microseconds: 0))
        )
    }

    @Test func `a notification of NGSIv2 becomes entities`() throws {
        let mapped = try map(
            """
            {"subscriptionId": "57458eb60962ef754e7c0998", "data": [
              {"id": "Room 1", "type": "Room",
               "temperature": {"type": "Number", "value": "23.5", "metadata": {
                   "TimeInstant": {"type": "DateTime", "value": "2026-05-01T08:00:00.00Z"},
                   "accuracy": {"type": "Number", "value": 0.1}}},
               "location": {"type": "geo:point", "value": "52.5, 13.4", "metadata": {}},
               "refStore": {"type": "Relationship", "value": "urn:ngsi-ld:Store:1", "metadata": {}},
               "nothing": {"type": "None", "value": null, "metadata": {}}}]}
            """
        )
        #expect(mapped.refusals.isEmpty)
        #expect(
            mapped.entities == [
                [
                    "id": "urn:ngsi-ld:Room:Room%201", "type": "Room",
                    "temperature": [
                        "type": "Property", "value": 23.5, "observedAt": "2026-05-01T08:00:00Z",
                        "accuracy": ["type": "Property", "value": 0.1],
                    ],
                    "location": [
                        "type": "GeoProperty",
                        "value": ["type": "Point", "coordinates": [13.4, 52.5]],
                    ],
                    "refStore": ["type": "Relationship", "object": "urn:ngsi-ld:Store:1"],
                ]
            ]
        )
    }

    @Test func `a notification of NGSI-LD keeps its attributes and its context`() throws {
        let mapped = try map(
            """
            {"id": "urn:ngsi-ld:Notification:1", "type": "Notification", "notifiedAt": "2026-05-01T08:00:00Z",
             "@context": "https://example.org/context.jsonld",
             "data": [{"id": "urn:ngsi-ld:Room:1", "type": "Room",
               "temperature": {"type": "Property", "value": 23, "unitCode": "CEL",
                               "observedAt": "2026-05-01T08:00:00Z", "modifiedAt": "2026-05-01T08:00:01Z"},
               "inside": {"type": "Relationship", "object": "urn:ngsi-ld:House:1"},
               "concise": {"value": 5, "observedAt": "2026-05-01T08:00:00Z"}}]}
            """
        )
        #expect(mapped.refusals.isEmpty)
        let entity = mapped.entities.first?.objectValue
        #expect(entity?["@context"] == "https://example.org/context.jsonld")
        #expect(
            entity?["temperature"] == [
                "type": "Property", "value": 23, "unitCode": "CEL",
                "observedAt": "2026-05-01T08:00:00Z",
            ]
        )
        #expect(entity?["inside"]?.objectValue?["object"] == "urn:ngsi-ld:House:1")
        #expect(entity?["concise"] == ["value": 5, "observedAt": "2026-05-01T08:00:00Z"])
    }

    @Test func `simplified entities and lists of entities are read, too`() throws {
        let mapped = try map(
            """
            [{"id": "a", "type": "Room", "temperature": 23, "tags": [1, 2],
              "location": {"type": "Point", "coordinates": [1, 2]},
              "TimeInstant": "2026-05-01T08:00:00Z"},
             {"id": "urn:x:b", "type": "Room", "open": true}]
            """
        )
        #expect(mapped.refusals.isEmpty && mapped.entities.count == 2)
        let first = mapped.entities[0].objectValue
        #expect(
            first?["temperature"]
                == ["type": "Property", "value": 23, "observedAt": "2026-05-01T08:00:00Z"]
        )
        #expect(first?["location"]?.objectValue?["type"] == "GeoProperty")
        #expect(first?["tags"]?.objectValue?["value"] == [1, 2])
        #expect(first?["TimeInstant"] == nil)
    }

    @Test(arguments: [
        ("7", "The message is a notification or entities, not 7."),
        ("no", "The message is not JSON"), (#"{"data": 7}"#, "`data` of the notification"),
        (#"{"id": "a"}"#, "'a' has no type."), (#"[7]"#, "7 is no entity"),
        (#"{"data": [{"type": "Room"}]}"#, "is no entity with an `id`"),
        (#"{"id": "a", "type": "Room", "deletedAt": "2026-05-01T08:00:00Z"}"#, "was deleted"),
    ])
    func `what is no entity is refused with the reason`(message: String, reason: String) throws {
        let mapped = try map(message)
        #expect(mapped.entities.isEmpty)
        #expect(mapped.refusals.first?.contains(reason) == true, "\(mapped.refusals)")
    }

    @Test func `an attribute that cannot be used does not stop the others`() throws {
        let mapped = try map(
            """
            {"data": [{"id": "a", "type": "Room", "t": {"type": "Number", "value": "warm"},
                       "h": {"type": "Number", "value": 5}}, {"id": "b", "type": "Room", "h": 6}]}
            """
        )
        #expect(mapped.refusals == [#"Entity 1: 'a', t: "warm" is not a number."#])
        #expect(mapped.entities.count == 2)
        #expect(mapped.entities[0].objectValue?["h"] == ["type": "Property", "value": 5])
    }

    @Test(arguments: [
        ("format: ngsi\nwebhook: {bearer: {file: a}}", "needs one at least"),
        (
            "format: ngsi\nwebhook: {bearer: {file: a}}\ntypes: [\"a b\"]",
            "is not the name of a type"
        ),
        (
            "format: ngsi\nwebhook: {bearer: {file: a}}\ntypes: [A]\nmap: {type: A, id: \"urn:x:{a}\", attributes: {v: {column: v}}}",
            "needs no `map`"
        ),
        (
            "format: ngsi\nwebhook: {bearer: {file: a}}\ntypes: [A]\nrows: $.x",
            "finds its entities itself"
        ),
        ("format: devices\nwebhook: {bearer: {file: a}}", "needs `mqtt`"),
        (
            "webhook: {bearer: {file: a}}\ntypes: [A]\nmap: {type: A, id: \"urn:x:{a}\", attributes: {v: {column: v}}}",
            "`types` are those"
        ),
        ("webhook: {bearer: {file: a}}", "A source needs `map`"),
    ])
    func `a definition has what its format needs`(definition: String, reason: String) throws {
        let error = #expect(throws: SourceError.self) {
            try SourceDefinition(definition, name: "x")
        }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
}
