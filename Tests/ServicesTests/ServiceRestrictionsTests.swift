import Broker
import ContextModel
import Governance
import Services
import Storage
import Testing

/// The operator may restrict a service's rights, and cannot extend those that its module declares.
@Suite struct ServiceRestrictionsTests {
    private let lamps = LampReports()

    private func city(_ restrictions: ServiceRestrictions) async throws -> CityHub {
        let policy = Policy(permissions: lamps.permissions(within: restrictions))
        let city = CityHub([lamps], policy: policy)
        let result = try await city.all.upsert([
            entity("urn:lamp:1", "Streetlight", ["power": "off", "reporter": "Bo"]),
            entity("urn:report:1", "LampReport", ["text": "dark", "reporter": "Ana"]),
            entity("urn:person:1", "Person", ["name": "Ana"]),
        ])
        #expect(result.errors.isEmpty)
        return city
    }

    /// The identifiers of the entities that the service sees, with the short names of their
    /// attributes.
    private func seen(_ city: CityHub) async throws -> [String: [String]] {
        let context = city.context(of: lamps)
        let page = try await context.city.entities(LampReports.everything).page
        var seen: [String: [String]] = [:]
        for entity in try page.entities.map({ try $0.value() }) {
            seen[entity.id.uri] = entity.attributes.map { LDContext.core.compact($0.name) }
        }
        return seen
    }

    private func type(_ name: String) -> Condition { .type(LDContext.core.expand(name)) }

    @Test func `without restrictions a service has the rights of its module`() async throws {
        let city = try await city(ServiceRestrictions())
        #expect(try await seen(city) == ["urn:lamp:1": ["power"], "urn:report:1": ["text"]])
    }

    @Test func `restrictions take entities from a service and give none`() async throws {
        var restrictions = ServiceRestrictions()
        restrictions.target = type("Streetlight").or(type("Person"))
        let city = try await city(restrictions)
        #expect(try await seen(city) == ["urn:lamp:1": ["power"]])
        let result = try await city.context(of: lamps).city.upsert([
            entity("urn:report:2", "LampReport"), entity("urn:person:2", "Person"),
        ])
        #expect(result.created.isEmpty)
    }

    @Test func `restrictions hide further attributes`() async throws {
        var restrictions = ServiceRestrictions()
        restrictions.hiddenAttributes = [LDContext.core.expand("text")]
        let city = try await city(restrictions)
        #expect(try await seen(city) == ["urn:lamp:1": ["power"], "urn:report:1": []])
    }

    @Test func `restrictions take actions, and what a right hides stays hidden`() async throws {
        var restrictions = ServiceRestrictions()
        restrictions.actions = [.read, .subscribe]
        var city = try await city(restrictions)
        #expect(try await seen(city) == ["urn:lamp:1": ["power"], "urn:report:1": ["text"]])
        await #expect(throws: BrokerError.self) {
            _ = try await city.context(of: lamps).city.upsert([entity("urn:r:2", "LampReport")])
        }
        // The right that hides the reporter has no actions left, and still hides it.
        restrictions.actions = [.write]
        city = try await self.city(restrictions)
        #expect(try await seen(city).isEmpty)
        #expect(
            lamps.permissions(within: restrictions).contains {
                $0.hiddenAttributes == [LDContext.core.expand("reporter")]
            }
        )
    }

    @Test func `a service that is switched off may do nothing`() async throws {
        var restrictions = ServiceRestrictions()
        restrictions.isEnabled = false
        let city = try await city(restrictions)
        #expect(try await seen(city).isEmpty)
        await #expect(throws: BrokerError.self) {
            _ = try await city.context(of: lamps).city.upsert([entity("urn:r:2", "LampReport")])
        }
    }

    @Test func `rights are described for people`() throws {
        var restrictions = ServiceRestrictions()
        #expect(
            Policy(permissions: lamps.permissions()).summary(of: lamps.name) == [
                "read: Streetlight", "read, write: LampReport, without reporter",
            ]
        )
        restrictions.actions = [.write]
        restrictions.target = type("A").or(type("B")).and(
            .scope(ScopePattern(segments: ["x", "#"]))
        )
        #expect(
            Policy(permissions: lamps.permissions(within: restrictions)).summary(of: lamps.name)
                == [
                    "write: LampReport and (A or B) and in /x/#, without reporter"
                ]
        )
    }
}
