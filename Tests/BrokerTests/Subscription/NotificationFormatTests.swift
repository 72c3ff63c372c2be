import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The content of notifications.
@Suite(.timeLimit(.minutes(1)), .clause("5.8.6")) struct NotificationFormatTests {
    @Test func `a notification has the format of the standard`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe()
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 7)
            let requests = await fixture.recorder.next(1)
            let request = try #require(requests.first)
            #expect(request.url == "http://r.example/")
            #expect(request.mediaType == .json)
            #expect(request.contextURL == CoreContext.url)
            let json = try #require(request.json)
            #expect(json["type"] == "Notification")
            #expect(json["subscriptionId"] == .string(id))
            #expect(json["notifiedAt"]?.stringValue.flatMap { Timestamp($0) } != nil)
            #expect(
                json["data"] == [
                    [
                        "id": "urn:bus:1", "type": "Bus",
                        "speed": ["type": "Property", "value": 7],
                    ]
                ]
            )
        }
    }

    @Test func `with JSON-LD each entity names its context, without previous values`() async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe([
            "notification": [
                "endpoint": ["uri": "http://r.example/", "accept": "application/ld+json"]
            ]
        ])
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 7)
            _ = await fixture.recorder.next(1)
            _ = try await fixture.hub.writing.updateAttributes(
                of: EntityID("urn:bus:1"),
                ["speed": ["type": "Property", "value": 8]],
                ld: .core,
                caller: SubscriptionFixture.boss
            )
            let requests = await fixture.recorder.next(1)
            let request = try #require(requests.first)
            #expect(request.contextURL == nil)
            #expect(request.json?["@context"] == .string(CoreContext.url))
            #expect(request.entities.first?["@context"] == .string(CoreContext.url))
            #expect(request.entities.first?["speed"] == ["type": "Property", "value": 8])
        }
    }

    @Test(.clause("4.4")) func `the core @context is last in a notification`() async throws {
        for accept in ["application/ld+json", "application/geo+json"] {
            let fixture = try await SubscriptionFixture()
            let ld = LDContext(
                reference: ["Bus": "https://city.example/Bus"],
                definitions: LDContextDefinitions()
            )
            _ = try await fixture.hub.subscribing.createSubscription(
                [
                    "type": "Subscription", "entities": [["type": "Bus"]],
                    "notification": [
                        "endpoint": ["uri": "http://r.example/", "accept": .string(accept)]
                    ],
                ],
                ld: ld,
                caller: SubscriptionFixture.boss
            )
            try await fixture.delivering {
                try await fixture.make([
                    "id": "urn:bus:1", "type": "https://city.example/Bus", "speed": 7,
                ])
                let request = try #require(await fixture.recorder.next(1).first)
                let data = request.json?["data"]?.objectValue
                let found = [
                    request.json?["@context"], request.entities.first?["@context"],
                    data?["@context"],
                ].compactMap(\.self)
                #expect(!found.isEmpty)
                for context in found {
                    let parts = try #require(context.arrayValue)
                    #expect(parts.count == 2 && parts.last == .string(CoreContext.url))
                    #expect(parts.first?.stringValue?.hasPrefix("http://hub.example/") == true)
                }
            }
        }
    }

    @Test func `the end of an entity shows the attributes whose end was asked for`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe([
            "notificationTrigger": ["attributeDeleted"], "watchedAttributes": ["speed"],
        ])
        try await fixture.create("urn:bus:1", speed: 7)
        try await fixture.delivering {
            try await fixture.hub.writing.deleteEntity(
                EntityID("urn:bus:1"),
                caller: SubscriptionFixture.boss
            )
            let entity = try #require(await fixture.recorder.next(1).first?.entities.first)
            #expect(entity["deletedAt"] != nil)
            #expect(entity["speed"] == ["type": "Property", "value": "urn:ngsi-ld:null"])
        }
    }

    @Test func `entities conform to the requested version of the specification`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe(["ngsildConformance": "1.6"])
        try await fixture.delivering {
            try await fixture.make([
                "id": "urn:bus:1", "type": "Bus", "expiresAt": "2999-01-01T00:00:00Z",
                "seats": ["type": "ListProperty", "valueList": [1, 2]],
            ])
            let request = try #require(await fixture.recorder.next(1).first)
            let bus = try #require(request.entities.first)
            #expect(bus["seats"] == ["type": "Property", "value": [1, 2]])
            #expect(bus["expiresAt"] == nil)
        }
    }

    @Test(.clause("5.3.1", "6.3.8"), arguments: [nil, "body=json"])
    func `a FeatureCollection has its context, unless the receiver prefers a header`(
        preference: String?
    ) async throws {
        let fixture = try await SubscriptionFixture()
        var endpoint: JSONObject = [
            "uri": "http://r.example/", "accept": "application/geo+json",
        ]
        if let preference {
            endpoint["receiverInfo"] = [["key": "Prefer", "value": .string(preference)]]
        }
        try await fixture.subscribe(["notification": ["endpoint": .object(endpoint)]])
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 7)
            let request = try #require(await fixture.recorder.next(1).first)
            let data = request.json?["data"]?.objectValue
            #expect(data?["type"] == "FeatureCollection")
            #expect(
                data?["@context"]?.stringValue == (preference == nil ? CoreContext.url : nil)
            )
            #expect((data?["@context"] == nil) == (preference != nil))
            #expect((request.contextURL == nil) == (preference == nil))
        }
    }
}
