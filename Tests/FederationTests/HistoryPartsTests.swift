import Clauses
import ContextModel
import Testing

@testable import Federation

@Suite(.clause("4.5.5", "5.7.3", "5.7.4")) struct HistoryPartsTests {
    private typealias Sample = FederationSample

    private func merged(
        own: Entity? = nil,
        _ parts: [(ContextSourceRegistration, Entity)],
        claims: [ContextSourceRegistration] = []
    ) -> [String]? {
        EntityParts(parts.map { SourcePart($0.1, of: $0.0) }).mergedHistory(
            with: own,
            claims: ClaimIndex(claims)
        )?.attributes.flatMap { named in
            named.instances.map { instance in
                let moment = (instance.observedAt?.microseconds ?? -1_000_000) / 1_000_000
                return "\(LDContext.core.compact(named.name))@\(moment)=\(instance.value.text)"
            }
        }
    }

    private func history(_ values: [(Int64, Int64)], name: String = "speed") -> Entity {
        Sample.entity(
            values.map { moment, modified in
                let value = JSONValue.number(JSONNumber(Int(moment * 10 + modified)))
                return (name, Sample.value(value, observed: moment, modified: modified))
            }
        )
    }

    @Test func `instances of all are together`() {
        let (one, two) = (Sample.registration("urn:r:1"), Sample.registration("urn:r:2"))
        let found = merged(
            own: history([(1, 0)]),
            [(one, history([(2, 0)])), (two, history([(3, 0)], name: "load"))]
        )
        #expect(found == ["speed@1=10", "speed@2=20", "load@3=30"])
    }

    @Test func `of one moment the later modified counts`() {
        let one = Sample.registration("urn:r:1")
        #expect(merged(own: history([(1, 5)]), [(one, history([(1, 3)]))]) == ["speed@1=15"])
        #expect(merged(own: history([(1, 3)]), [(one, history([(1, 5)]))]) == ["speed@1=15"])
        // One source may have several of one moment.
        let both = history([(1, 3), (1, 4)])
        #expect(merged([(one, both)]) == ["speed@1=13", "speed@1=14"])
    }

    @Test func `an auxiliary source fills moments that nobody has`() {
        let auxiliary = Sample.registration("urn:r:1", .auxiliary)
        let own = Sample.registration("urn:r:2")
        let found = merged([
            (auxiliary, history([(1, 9), (2, 9)])), (own, history([(1, 0)])),
        ])
        #expect(found == ["speed@1=10", "speed@2=29"])
    }

    @Test(.clause("4.3.6.3")) func `what is held elsewhere alone comes from there`() {
        let exclusive = Sample.registration(
            "urn:r:e",
            .exclusive,
            about: [Sample.info(types: ["Bus"], id: "urn:x:1", attributes: ["speed"])]
        )
        let other = Sample.registration("urn:r:1")
        let found = merged(
            own: history([(1, 0)]),
            [(other, history([(2, 0)])), (exclusive, history([(3, 0)]))],
            claims: [exclusive]
        )
        #expect(found == ["speed@3=30"])
        #expect(merged([]) == nil)
    }

    @Test(.clause("6.3.10")) func `a further part begins where the one before ended`() throws {
        let moment = { (second: Int64) in Timestamp(microseconds: second * 1_000_000) }
        let range = TemporalTest(property: .observedAt, from: moment(1), to: moment(9))
        let forward = try #require(HistoryQuestion(range).rest(after: moment(4)))
        #expect(forward.time.from == moment(4) && forward.time.to == moment(9))
        #expect(forward.rest(after: moment(4)) == nil)
        #expect(HistoryQuestion(range).rest(after: moment(1)) == nil)
        // The newest come first, and the moment itself is in both parts.
        let back = try #require(HistoryQuestion(range, lastN: 5).rest(after: moment(4)))
        #expect(back.time.from == moment(1))
        #expect(back.time.to == Timestamp(microseconds: 4_000_001))
        #expect(back.rest(after: moment(4)) == nil)

        var whole = history([(1, 0), (2, 0)])
        whole.add(part: history([(2, 0), (3, 0)]))
        whole.add(part: history([(3, 0)], name: "load"))
        #expect(merged(own: whole, []) == ["speed@1=10", "speed@2=20", "speed@3=30", "load@3=30"])
        #expect(whole.has(3, ofEachIn: history([(1, 0)])))
        #expect(!whole.has(2, ofEachIn: history([(1, 0)], name: "load")))
    }

    /// Sources are asked for what they have in the time, by the operation of their histories.
    @Test func `a question about histories is one`() throws {
        let registration = Sample.registration(
            operations: [.queryTemporal, .retrieveTemporal, .queryEntity, .retrieveEntity]
        )
        let bus = EntitySelection(
            types: .type(Sample.iri("Bus")),
            ids: [EntityID("urn:x:1")]
        )
        var question = FederatedQuestion(selections: [bus])
        let test = try TemporalTest.parse(timerel: "after", timeAt: "2026-01-01T00:00:00Z")
        question.history = HistoryQuestion(test)
        let matches = [MatchedRegistration(registration, information: [0])]
        let manner = SourceManner(context: .core, via: ["hub"])
        for isRetrieval in [true, false] {
            let plan = ReadPlan(question, to: matches, isRetrieval: isRetrieval)
            let asked = try #require(plan.questions.first)
            let request = asked.request(in: manner, offset: 0, limit: 10)
            #expect(request.operation == (isRetrieval ? .retrieveTemporal : .queryTemporal))
            #expect(request.entityID == (isRetrieval ? EntityID("urn:x:1") : nil))
            let keys = request.parameters.map(\.key)
            #expect(keys.contains("timerel") && keys.contains("timeAt"))
            #expect(keys.contains("limit") != isRetrieval)
        }
        let present = Sample.registration(operations: [.queryEntity, .retrieveEntity])
        #expect(
            ReadPlan(question, to: [MatchedRegistration(present, information: [0])])
                .questions.isEmpty
        )
    }

    @Test func `an answer has all instances`() throws {
        var question = FederatedQuestion(selections: [EntitySelection()])
        question.history = HistoryQuestion(
            try TemporalTest.parse(timerel: "after", timeAt: "2026-01-01T00:00:00Z")
        )
        let registration = Sample.registration(operations: [.queryTemporal])
        let plan = ReadPlan(question, to: [MatchedRegistration(registration, information: [0])])
        let asked = try #require(plan.questions.first)
        let found = try asked.entities(in: [
            (
                [
                    "id": "urn:x:1", "type": "Bus",
                    "speed": [
                        [
                            "type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z",
                            "modifiedAt": "2026-01-02T00:00:00Z", "instanceId": "urn:i:1",
                        ],
                        [
                            "type": "Property", "value": 2, "observedAt": "2026-01-02T00:00:00Z",
                            "modifiedAt": "2026-01-03T00:00:00Z", "instanceId": "urn:i:2",
                        ],
                    ],
                ], .core
            )
        ])
        let speed = found[0][Sample.iri("speed")]
        #expect(speed.map(\.modifiedAt?.text) == ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"])
        #expect(throws: SourceProblem.garbage) { try asked.entities(in: [("text", .core)]) }
        #expect(throws: SourceProblem.unasked) {
            try asked.entities(in: [(["id": "urn:x:1", "type": "Tram"], .core)])
        }
    }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: serialized, as: UTF8.self) }
}
