import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("6.3.17")) struct SourceAnswerTests {
    private typealias Sample = FederationSample

    private func read(
        _ json: JSONValue,
        _ info: RegistrationInfo = Sample.info(types: ["Bus"], id: "urn:x:1")
    ) throws -> [Entity] {
        let plan = ReadPlan(
            FederatedQuestion(selections: [EntitySelection()]),
            to: [MatchedRegistration(Sample.registration(about: [info]), information: [0])]
        )
        return try #require(plan.questions.first).entities(in: [(json, .core)])
    }

    @Test func `times are taken over, also those of attributes`() throws {
        let entity = try #require(
            try read([
                "id": "urn:x:1", "type": "Bus", "createdAt": "2026-01-01T00:00:00Z",
                "modifiedAt": "2026-01-02T00:00:00Z",
                "speed": [
                    "type": "Property", "value": 5, "modifiedAt": "2026-01-03T00:00:00Z",
                    "accuracy": [
                        "type": "Property", "value": 1, "modifiedAt": "2026-01-04T00:00:00Z",
                    ],
                ],
            ]).first
        )
        #expect(entity.modifiedAt?.text == "2026-01-02T00:00:00Z")
        let speed = try #require(entity[Sample.iri("speed")].first)
        #expect(speed.modifiedAt?.text == "2026-01-03T00:00:00Z")
        #expect(speed.attributes[0].instances[0].modifiedAt?.text == "2026-01-04T00:00:00Z")
    }

    @Test(
        arguments: [
            [], 7, ["id": "urn:x:1"], ["id": "nothing", "type": "Bus"],
            ["id": "urn:x:1", "type": "Bus", "speed": ["type": "Nonsense", "value": 1]],
        ] as [JSONValue]
    )
    func `what is no entity is garbage`(json: JSONValue) {
        #expect(throws: SourceProblem.garbage) { try read(json) }
    }

    @Test(
        arguments: [
            ["id": "urn:x:2", "type": "Bus"], ["id": "urn:x:1", "type": "Safe"],
        ] as [JSONValue]
    )
    func `what was not asked for is refused`(json: JSONValue) {
        #expect(throws: SourceProblem.unasked) { try read(json) }
    }

    @Test func `attributes that are not registered are left out`() throws {
        let info = Sample.info(types: ["Bus"], id: "urn:x:1", attributes: ["speed"])
        let entity = try #require(
            try read(
                [
                    "id": "urn:x:1", "type": "Bus", "speed": ["type": "Property", "value": 5],
                    "name": ["type": "Property", "value": "x"],
                ],
                info
            ).first
        )
        #expect(entity.attributes.map(\.name) == [Sample.iri("speed")])
    }
}
