import Clauses
import ContextModel
import Testing

@testable import Broker

@Suite struct SubscriptionReaderTests {
    private static let minimal: JSONObject = [
        "type": "Subscription", "entities": [["type": "Bus"]],
        "notification": ["endpoint": ["uri": "http://receiver.example/notify"]],
    ]

    private func read(_ change: (inout JSONObject) -> Void) throws -> Subscription {
        var body = Self.minimal
        change(&body)
        return try SubscriptionReader(context: .core).subscription(body, id: "urn:s:1")
    }

    @Test func `absent members have the standard's defaults`() throws {
        let subscription = try read { _ in }
        #expect(subscription.triggers == [.attributeCreated, .attributeUpdated])
        #expect(subscription.isActive)
        #expect(subscription.watchedAttributes == nil)
        #expect(subscription.notification.endpoint.accept == .json)
        #expect(subscription.notification.representation.format == .normalized)
        #expect(subscription.target == .type(LDContext.core.expand("Bus")))
    }

    @Test(.clause("4.15")) func `languages are read as in a query`() throws {
        let subscription = try read { $0["lang"] = "fr;q=0.2,en;q=0.9" }
        let languages = subscription.notification.representation.languages
        #expect(languages?.choice(among: ["fr", "en"]) == "en")
    }

    @Test func `entityUpdated stands for the three attribute triggers`() throws {
        let subscription = try read { $0["notificationTrigger"] = ["entityUpdated"] }
        #expect(
            subscription.triggers == [.attributeCreated, .attributeUpdated, .attributeDeleted]
        )
    }

    @Test func `an id takes precedence over an idPattern, and a star is every type`() throws {
        let subscription = try read {
            $0["entities"] = [["type": "*", "id": "urn:a", "idPattern": "^urn:b"]]
        }
        #expect(subscription.target == .ids([EntityID("urn:a")]))
    }

    @Test(.clause("4.4")) func `@id and @type are id and type`() throws {
        let subscription = try read { $0["entities"] = [["@type": "Bus", "@id": "urn:a"]] }
        #expect(
            subscription.target
                == Condition.type(LDContext.core.expand("Bus")).and(.ids([EntityID("urn:a")]))
        )
    }

    @Test(
        arguments: [
            ["entities": [["type": "Bus", "idPatern": "urn:a:.*"]]],
            ["entities": [["type": "Bus", "id": "urn:a", "@id": "urn:b"]]],
            ["notification": ["atributes": ["speed"]]], ["notification": ["q": "speed>1"]],
            ["notification": ["endpoint": ["uri": "http://r.example/", "recieverInfo": []]]],
            ["geoQ": ["georel": "equals", "geoprop": "place"]],
            ["temporalQ": ["timerel": "before", "timeEnd": "2026-01-01T00:00:00Z"]],
        ] as [JSONObject]
    )
    func `an unknown member is refused in new subscriptions`(body: JSONObject) {
        let error = #expect(throws: BrokerError.self) {
            try SubscriptionReader.requireKnownMembers(body)
        }
        #expect(error?.code == .badRequestData)
    }

    @Test(
        arguments: [
            ("entities", []), ("entities", ["Bus"]), ("entities", [["id": "urn:a"]]),
            ("entities", [["type": "Bus", "id": "no uri"]]),
            ("entities", [["type": "Bus", "idPattern": "("]]),
            ("entities", [["type": "Bus", "idPattern": ["urn:a"]]]),
            ("entities", [["type": ["Bus"]]]),
            ("watchedAttributes", []), ("watchedAttributes", "speed"), ("q", "speed>"),
            ("geoQ", ["georel": "near"]), ("scopeQ", 5), ("throttling", 0), ("throttling", "1"),
            ("timeInterval", -1), ("expiresAt", "tomorrow"),
            ("expiresAt", "2096-01-01T00:00:00+02:00"), ("isActive", "yes"),
            ("notificationTrigger", ["somethingElse"]), ("datasetId", ["no uri"]),
            ("notification", "none"), ("notification", ["format": "normalized"]),
            ("type", "Entity"), ("ngsildConformance", "newest"), ("ngsildConformance", 1.6),
            ("lang", ""), ("lang", "en;q=2"), ("lang", "english language"), ("unknownMember", 1),
            ("temporalQ", ["timerel": "before"]),
        ] as [(String, JSONValue)]
    )
    func `a wrong member is refused and named`(member: String, value: JSONValue) {
        let error = #expect(throws: BrokerError.self) { try read { $0[member] = value } }
        #expect(error?.code == .badRequestData)
        #expect(error?.detail.contains(member) == true)
    }

    @Test(
        arguments: [
            ("endpoint", ["uri": "mqtt://receiver.example/a/+"]),
            ("endpoint", ["uri": "receiver"]),
            ("endpoint", ["uri": "http://user:secret@receiver.example/"]), ("endpoint", [:]),
            ("endpoint", ["uri": "http://r.example", "accept": "text/html"]),
            (
                "endpoint",
                ["uri": "http://r.example", "receiverInfo": [["key": "Host", "value": "x"]]]
            ),
            (
                "endpoint",
                ["uri": "http://r.example", "receiverInfo": [["key": "A", "value": "b\r\nC: d"]]]
            ),
            ("attributes", []), ("pick", []), ("format", "wide"), ("join", "sideways"),
        ] as [(String, JSONValue)]
    )
    func `a wrong member of the notification is refused`(member: String, value: JSONValue) {
        let error = #expect(throws: BrokerError.self) {
            try read { body in
                var notification = body["notification"]?.objectValue ?? [:]
                notification[member] = value
                body["notification"] = .object(notification)
            }
        }
        #expect(error?.code == .badRequestData)
        #expect(error?.detail.contains(member) == true)
    }

    @Test func `timeInterval excludes other triggers, and something must be subscribed to`() {
        let wrong: [(inout JSONObject) -> Void] = [
            {
                $0["timeInterval"] = 5; $0["watchedAttributes"] = ["speed"]
            },
            {
                $0["timeInterval"] = 5; $0["throttling"] = 1
            },
            {
                $0["timeInterval"] = 5; $0["entities"] = nil
            },
            { $0["entities"] = nil },
        ]
        for change in wrong {
            #expect(throws: BrokerError(.badRequestData, "")) { try read(change) }
        }
    }

    @Test func `previous values cannot be shown in the simplified representation`() {
        #expect(throws: BrokerError(.badRequestData, "")) {
            try read {
                $0["notification"] = [
                    "format": "keyValues", "showChanges": true,
                    "endpoint": ["uri": "http://r.example"],
                ]
            }
        }
    }

    @Test func `an authority is scheme, host and port, for any path`() throws {
        let a = try read { _ in }.notification.endpoint
        #expect(a.authority == "http://receiver.example")
    }
}
