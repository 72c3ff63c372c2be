import Clauses
import ContextModel
import Federation
import Governance
import Record
import Storage
import StoreDoubles
import Testing

@testable import Broker

/// What sources are told of people, and what they tell, is in the record.
@Suite(.timeLimit(.minutes(1)), .clause("4.3.6")) struct FederatedRecordTests {
    private static let eve = "urn:person:eve"

    /// A ward with another one that has visits, too.
    private func ward(
        _ answer: JSONValue = [],
        types: [String] = ["Visit", "Person"]
    ) async throws -> (ward: Ward, source: ScriptedSource) {
        let source = ScriptedSource { request in
            request.operation == .retrieveEntity
                ? SourceAnswer(status: 404) : .json(answer, status: 200)
        }
        let ward = try await Ward(sourceClient: source).filled()
        try await ward.fixture.register([
            "id": "urn:r:ward", "operations": ["redirectionOps"],
            "information": .array(types.map { ["entities": [["type": .string($0)]]] }),
        ])
        return (ward, source)
    }

    private func forwarding(_ ids: Set<EntityID>?) -> Forwarding {
        Forwarding(
            context: .core,
            selections: [EntitySelection(types: .type(LDContext.core.expand("Visit")), ids: ids)],
            filters: [KeyValuePair(key: "q", value: "patient==urn:person:siti")]
        )
    }

    @Test func `whom a source is asked for is in the record before`() async throws {
        let (ward, source) = try await ward()
        let before = ward.record.size
        for id in ["urn:visit:1", "urn:person:new"] {
            _ = try? await ward.hub.reading.retrieveEntity(
                EntityID(id),
                forwarding: Forwarding(
                    context: .core,
                    selections: [EntitySelection(ids: [EntityID(id)])]
                ),
                caller: Ward.clinic
            )
        }
        #expect(!source.requests.isEmpty)
        let told = ward.record.drafts[before...].flatMap(\.openings)
            .filter { $0.party == "urn:r:ward" }
        #expect(Set(told.map(\.subject)) == [Ward.siti.uri, "urn:person:new"])
        #expect(told.allSatisfy { $0.details["for"] == "urn:balai:party:clinic" })
        // Without the record nobody is told.
        let asked = source.requests.count
        ward.record.fail()
        await #expect(throws: BrokerError.self) {
            _ = try await ward.hub.reading.queryEntities(
                EntityQuery(condition: .ids([EntityID("urn:visit:1")]), limit: 10),
                forwarding: forwarding([EntityID("urn:visit:1")]),
                caller: Ward.clinic
            )
        }
        #expect(source.requests.count == asked)
    }

    /// A filter may name somebody, and a source is not asked who that is.
    @Test func `filters on data about people are decided here`() async throws {
        let (ward, source) = try await ward()
        _ = try await ward.hub.reading.queryEntities(
            EntityQuery(condition: .type(LDContext.core.expand("Visit")), limit: 10),
            forwarding: forwarding(nil),
            caller: Ward.clinic
        )
        #expect(source.requests.count == 1)
        #expect(!source.requests.flatMap(\.parameters).map(\.key).contains("q"))
    }

    /// The hub's own part names one person, and the source's part another one.
    @Test func `an entity of two parts is about the people of both`() async throws {
        let (ward, _) = try await ward([
            [
                "id": "urn:visit:1", "type": "Visit",
                "patient": [
                    "type": "Relationship", "object": .string(Self.eve), "datasetId": "urn:d:1",
                ],
            ]
        ])
        _ = try await ward.hub.reading.queryEntities(
            EntityQuery(condition: .type(LDContext.core.expand("Visit")), limit: 10),
            forwarding: forwarding(nil),
            caller: Ward.clinic
        )
        let entry = try #require(ward.record.drafts.last)
        #expect(
            Set(entry.openings.map(\.subject)) == [Ward.siti.uri, Ward.budi.uri, Self.eve]
        )
    }

    @Test(.clause("5.6.2")) func `a part of a change is told of`() async throws {
        let (ward, source) = try await ward(types: ["Visit"])
        let before = ward.record.size
        let change = DistributedChange(
            .updateEntity,
            of: EntityID("urn:visit:1"),
            body: [
                "reason": "new", "patient": ["type": "Relationship", "object": .string(Self.eve)],
            ]
        )
        _ = try await ward.hub.writing.distributed(change, forwarding(nil), caller: Ward.boss) {
            _ in true
        }
        #expect(source.requests.map(\.operation) == [.updateEntity])
        let told = ward.record.drafts[before...].flatMap(\.openings)
        #expect(Set(told.map(\.subject)) == [Ward.siti.uri, Self.eve])
        #expect(told.allSatisfy { $0.party == "urn:r:ward" && $0.entities == ["urn:visit:1"] })
        #expect(Set(told.first?.attributes ?? []).count == 2)
    }
}
