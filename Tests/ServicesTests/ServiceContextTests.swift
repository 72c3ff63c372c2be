import Broker
import ContextModel
import Governance
import Services
import Storage
import Testing

/// A service may do with the city's data only what its rights permit.
@Suite struct ServiceContextTests {
    private let lamps = LampReports()

    private func city() async throws -> CityHub {
        let city = CityHub([lamps])
        let result = try await city.all.upsert([
            entity("urn:lamp:1", "Streetlight", ["power": "off"]),
            entity("urn:report:1", "LampReport", ["text": "dark", "reporter": "Ana"]),
            entity("urn:person:1", "Person", ["name": "Ana"]),
        ])
        #expect(result.errors.isEmpty)
        return city
    }

    @Test func `a service sees what its rights cover, without what they hide`() async throws {
        let city = try await city()
        let context = city.context(of: lamps)
        let page = try await context.city.entities(LampReports.everything).page
        let seen = try page.entities.map { try $0.value() }
        #expect(seen.map(\.id.uri) == ["urn:lamp:1", "urn:report:1"])
        let names = seen.flatMap(\.attributes).map(\.name)
        #expect(names == ["power", "text"].map { LDContext.core.expand($0) })
        await #expect(throws: BrokerError.self) {
            _ = try await context.city.entity(EntityID("urn:person:1"))
        }
    }

    @Test func `a service changes what its rights cover, before and after`() async throws {
        let city = try await city()
        let context = city.context(of: lamps)
        let result = try await context.city.upsert([
            entity("urn:report:2", "LampReport", ["text": "flickers"]),
            entity("urn:lamp:2", "Streetlight"),
            entity("urn:lamp:1", "LampReport", ["power": "on"]),
        ])
        #expect(result.created.map(\.uri) == ["urn:report:2"])
        #expect(result.errors.map { $0.id?.uri } == ["urn:lamp:2", "urn:lamp:1"])
        await #expect(throws: BrokerError.self) {
            try await context.city.delete(EntityID("urn:person:1"))
        }
        await #expect(throws: BrokerError.self) {
            try await context.city.merge(["power": "on"], into: EntityID("urn:lamp:1"))
        }
        try await context.city.delete(EntityID("urn:report:2"))
        #expect(try await city.count() == 3)
    }

    @Test func `a service without a right sees and changes nothing`() async throws {
        let other = LampReports(name: "other")
        let city = try await city()
        let context = city.context(of: other)
        #expect(try await context.city.entities(LampReports.everything).page.entities.isEmpty)
        await #expect(throws: BrokerError.self) {
            _ = try await context.city.upsert([entity("urn:report:2", "LampReport")])
        }
    }

    @Test func `a right that was removed has no effect any more`() async throws {
        let city = try await city()
        let context = city.context(of: lamps)
        try await city.hub.following.enforce(Policy(permissions: []))
        #expect(try await context.city.entities(LampReports.everything).page.entities.isEmpty)
    }

    @Test func `no party with a token is taken for a service`() async throws {
        let city = try await city()
        let named = Caller(party: .named(PartyID("lamps")))
        let access = CityAccess(city.hub, for: named)
        #expect(try await access.entities(LampReports.everything).page.entities.isEmpty)
    }

    @Test(arguments: ["", "Lamps", "lamps/1", "lamps ", "ü", String(repeating: "a", count: 65)])
    func `an invalid name of a service is refused`(text: String) {
        #expect(ServiceName(text) == nil)
    }
}
