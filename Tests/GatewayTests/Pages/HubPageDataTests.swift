import Broker
import ContextModel
import Foundation
import Governance
import Logging
import Storage
import StorageSQLite
import Testing

@testable import Gateway

struct HubPageDataTests {
    /// A hub whose anonymous readers may see beaches alone, without their wave height.
    private final class City {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pages-\(UUID().uuidString)")
        let store: SQLiteStore
        let data: HubPageData
        let hub: Hub

        init(policy: Policy = City.beaches) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let now = Timestamp(microseconds: 1_795_395_600_000_000)
            store = try SQLiteStore(folder: folder.path) { now }
            hub = Hub(
                store: store,
                policy: policy,
                contextSource: NoInternet(),
                publicURL: "http://127.0.0.1",
                identity: HubIdentity(name: "hub", secret: "secret"),
                clock: HubClock { now },
                makeIdentifier: { "1" },
                logger: Logger(label: "test")
            )
            let log = HealthLog(registry: MetricRegistry(), version: "1", startedAt: now)
            data = HubPageData(hub: hub, healthLog: log)
        }

        static let beaches = Policy(permissions: [
            Permission(
                assignee: .anyone,
                actions: [.read],
                target: .type(LDContext.core.expand("Beach")),
                hiddenAttributes: [LDContext.core.expand("waveHeight")]
            )
        ])

        deinit { try? FileManager.default.removeItem(at: folder) }

        func add(_ type: String, _ id: Int, source: String, observedAt: String) async throws {
            let entity: JSONValue = [
                "id": .string("urn:ngsi-ld:\(type):\(id)"), "type": .string(type),
                "source": ["type": "Property", "value": .string(source)],
                "waveHeight": [
                    "type": "Property", "value": 1, "unitCode": "MTR",
                    "observedAt": .string(observedAt),
                ],
            ]
            let caller = Caller(party: .operator)
            _ = try await hub.writing.createEntity(entity, ld: .core, caller: caller)
        }
    }

    private struct NoInternet: LDContextSource {
        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            throw LDContextError(.unavailable, "There is no internet in this test.")
        }
    }

    private func filledCity() async throws -> City {
        let city = try City()
        try await city.add("Beach", 1, source: "lifeguards", observedAt: "2026-11-23T00:00:00Z")
        try await city.add("Beach", 2, source: "simulated", observedAt: "2026-11-23T00:05:00Z")
        try await city.add("Bank", 1, source: "vault", observedAt: "2026-11-23T00:06:00Z")
        return city
    }

    @Test func `the operator sees types with counts, units, sources and freshness`() async throws {
        let city = try await filledCity()
        let summary = try await city.data.summary(for: Caller(party: .operator))
        #expect(summary.types.map(\.name) == ["Beach", "Bank"])
        let beach = try #require(summary.types.first)
        #expect(beach.count == 2)
        #expect(beach.sources == ["lifeguards", "simulated"])
        #expect(beach.newest?.text == "2026-11-23T00:05:00Z")
        #expect(beach.isSimulated)
        #expect(summary.types.last?.isSimulated == false)
        let height = beach.attributes.first { $0.name == "waveHeight" }
        #expect(height == AttributeSummary(name: "waveHeight", kind: .property, unitCode: "MTR"))
    }

    @Test func `others see on pages what they may see`() async throws {
        let city = try await filledCity()
        let summary = try await city.data.summary(for: Caller(party: .anonymous))
        #expect(summary.types.map(\.name) == ["Beach"])
        #expect(summary.types.first?.attributes.map(\.name).contains("waveHeight") == false)
        #expect(summary.entityCount == 2)
    }

    @Test func `types of which there are histories alone are named to those who may see one`()
        async throws
    {
        let city = try await filledCity()
        let boss = Caller(party: .operator)
        for (type, id) in [("Vault", 1), ("Beach", 7), ("Pier", 1)] {
            let history: JSONValue = [
                "id": .string("urn:ngsi-ld:\(type):\(id)"),
                "type": type == "Pier" ? ["Pier", "Beach"] : .string(type),
                "waveHeight": [
                    ["type": "Property", "value": 1, "observedAt": "2026-11-22T00:00:00Z"]
                ],
                "name": [
                    ["type": "Property", "value": "x", "observedAt": "2026-11-22T00:00:00Z"]
                ],
            ]
            _ = try await city.hub.writing.upsertEvolution(history, ld: .core, caller: boss)
        }
        #expect(try await city.data.summary(for: boss).pastTypes == ["Pier", "Vault"])
        let visitors = try await city.data.summary(for: Caller(party: .anonymous))
        #expect(visitors.pastTypes == ["Pier"])
    }

    @Test func `a right to see and the presence of data are shown separately`() async throws {
        let city = try City()
        let operators = try await city.data.summary(for: Caller(party: .operator))
        #expect(operators.isEmpty)
        #expect(operators.reach == .everything)
        #expect(operators.isForOperator)
        let visitors = try await city.data.summary(for: Caller(party: .anonymous))
        #expect(visitors.reach == .part)
        #expect(!visitors.isForOperator)
        let closed = try City(policy: Policy(permissions: []))
        #expect(try await closed.data.summary(for: Caller(party: .anonymous)).reach == .nothing)
    }

    @Test func `a reading in the future is not the newest, unless there is no other`() async throws
    {
        let city = try City()
        try await city.add("Beach", 1, source: "a", observedAt: "2126-11-23T01:00:00Z")
        try await city.add("Beach", 2, source: "a", observedAt: "2026-11-23T01:00:00Z")
        try await city.add("Bank", 1, source: "a", observedAt: "2126-11-23T01:00:00Z")
        let summary = try await city.data.summary(for: Caller(party: .operator))
        let (beach, bank) = (summary.types[0], summary.types[1])
        #expect(beach.newest?.text == "2026-11-23T01:00:00Z")
        #expect(beach.furthest?.text == "2126-11-23T01:00:00Z")
        #expect(bank.newest?.text == "2126-11-23T01:00:00Z")
        #expect(summary.newest(at: city.data.now)?.text == "2026-11-23T01:00:00Z")
    }

    @Test func `errors and figures are for those who run the hub`() async throws {
        let city = try City()
        #expect(try await city.data.health(for: Caller(party: .anonymous)).measures == nil)
        #expect(try await city.data.health(for: Caller(party: .operator)).measures != nil)
        #expect(try await city.data.health(for: Caller(party: .anonymous)).errors == nil)
        #expect(try await city.data.health(for: Caller(party: .operator)).errors == [])
    }
}
