import ContextModel
import Testing

@testable import Collect

@Suite struct ForeignSubscriptionTests {
    @Test func `a subscription of NGSIv2 becomes one of NGSI-LD`() throws {
        let given: JSONValue = [
            "id": "57458eb6", "description": "warm rooms", "expires": "2040-01-01T14:00:00.00Z",
            "status": "inactive", "throttling": 5,
            "subject": [
                "entities": [
                    ["id": "Room 1", "type": "Room"], ["idPattern": "R.*", "type": "Room"],
                ],
                "condition": ["attrs": ["temperature"], "expression": ["q": "temperature>40"]],
            ],
            "notification": [
                "http": ["url": "http://localhost:1234"], "attrs": ["temperature"],
                "attrsFormat": "keyValues", "timesSent": 3,
            ],
        ]
        let made = ForeignSubscription(try #require(given.objectValue)).subscription
        #expect(
            made == [
                "id": "urn:ngsi-ld:Subscription:57458eb6", "type": "Subscription",
                "description": "warm rooms", "expiresAt": "2040-01-01T14:00:00.00Z",
                "isActive": false, "throttling": 5, "q": "temperature>40",
                "entities": [
                    ["type": "Room", "id": "urn:ngsi-ld:Room:Room%201"],
                    ["type": "Room", "idPattern": "R.*"],
                ],
                "watchedAttributes": ["temperature"],
                "notification": [
                    "attributes": ["temperature"], "format": "keyValues",
                    "endpoint": ["accept": "application/json", "uri": "http://localhost:1234"],
                ],
            ]
        )
    }

    @Test func `what it does not say is left out`() {
        let made = ForeignSubscription([
            "id": "a",
            "subject": ["entities": [["idPattern": ".*"]], "condition": ["attrs": []]],
            "notification": [
                "mqtt": ["url": "mqtt://broker:1883", "topic": "rooms"], "attrs": [],
            ],
        ]).subscription
        #expect(made["entities"] == [["type": "*"]])
        #expect(made["watchedAttributes"] == nil && made["q"] == nil && made["isActive"] == nil)
        let endpoint = made["notification"]?.objectValue?["endpoint"]?.objectValue
        #expect(endpoint?["uri"] == "mqtt://broker:1883/rooms")
    }
}
