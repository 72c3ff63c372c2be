import Broker
import CityServices
import ContextModel
import Governance
import Services
import Storage
import Synchronization
import Testing

@Suite struct DemoDriverTests {
    private let module = DemoCityService(seed: 1)
    private let devices = DemoCity(seed: 1).deviceCount

    private func run(_ city: CityHub) async {
        await JobRunner(module, city.context(of: module)).run()
    }

    private func instances(_ city: CityHub) async throws -> Int {
        let query = TemporalQuery(
            condition: .type(LDContext.core.expand("TrafficFlowObserved")),
            instanceLimit: 10_000,
            limit: 1
        )
        let page = try await city.all.evolutions(query)
        return page.evolutions.first?.attributes.map(\.instances.count).max() ?? 0
    }

    @Test func `the whole city comes first, then changes, and a day of history`() async throws {
        let city = CityHub([module], pauses: 3)
        await run(city)
        #expect(try await city.count() == devices)
        #expect(try await instances(city) >= 24 * 4)
        let now = city.pacer.now
        let newest = try await city.all.entities(EntityQuery(condition: .everything, limit: 1_000))
            .page.decoded().entities.flatMap(\.attributes).flatMap(\.instances)
            .compactMap(\.observedAt).max()
        #expect(try #require(newest) > Timestamp(microseconds: now.microseconds - 20_000_000))
        #expect(city.told.lines.isEmpty)
    }

    @Test func `a later start writes only the history since the last one`() async throws {
        let city = CityHub([module], pauses: 1)
        await run(city)
        let documents = city.context(of: module).documents
        let first = try #require(try await documents.document("history-told-until"))
        let before = try await instances(city)
        // An hour later there are four more instances.
        city.pacer.state.withLock { $0 = ($0.now + 3_600_000_000, 1) }
        await run(city)
        let second = try #require(try await documents.document("history-told-until"))
        let hour = try #require(first.stringValue.flatMap { Timestamp($0) })
        #expect(
            second == .string(Timestamp(microseconds: hour.microseconds + 3_600_000_000).text)
        )
        #expect(try await instances(city) - before < 24)
    }

    @Test func `a city that may not write tries again and delivers all later`() async throws {
        let city = CityHub([], pauses: 3)
        let (hub, permissions) = (city.hub, module.permissions())
        let context = city.context(of: module) {
            try await hub.following.enforce(Policy(permissions: permissions))
        }
        await JobRunner(module, context).run()
        #expect(city.told.lines.count == 1)
        #expect(try await city.count() == devices)
    }
}
