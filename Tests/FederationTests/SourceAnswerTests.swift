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

    /// A source that knows no type selection of a retrieval is honest.
    @Test func `an entity of another type is not what is retrieved`() throws {
        let plan = ReadPlan(
            FederatedQuestion(selections: [EntitySelection(ids: [EntityID("urn:x:1")])]),
            to: [MatchedRegistration(Sample.registration(), information: [0])],
            isRetrieval: true
        )
        let question = try #require(plan.questions.first)
        #expect(try question.entities(in: [(["id": "urn:x:1", "type": "Safe"], .core)]).isEmpty)
        #expect(throws: SourceProblem.unasked) {
            try question.entities(in: [(["id": "urn:x:2", "type": "Bus"], .core)])
        }
    }

    @Test(.clause("4.5")) func `an entity has no more than one may have here`() {
        var body: JSONObject = ["id": "urn:x:1", "type": "Bus"]
        for number in 0...EntityLimits.attributes {
            body["a\(number)"] = ["type": "Property", "value": 1]
        }
        #expect(throws: SourceProblem.tooMuch) { try read(.object(body)) }
        let types = (0...EntityLimits.types).map { JSONValue.string("T\($0)") } + ["Bus"]
        #expect(throws: SourceProblem.tooMuch) {
            try read(["id": "urn:x:1", "type": .array(types)])
        }
    }

    @Test func `reading ends when nobody waits for it`() async {
        let reading = Task {
            while !Task.isCancelled { await Task.yield() }
            return try read(["id": "urn:x:1", "type": "Bus"])
        }
        reading.cancel()
        await #expect(throws: SourceProblem.late) { try await reading.value }
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
