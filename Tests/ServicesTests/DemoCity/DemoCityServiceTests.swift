import Broker
import CityServices
import ContextModel
import Governance
import Services
import Testing

@Suite struct DemoCityServiceTests {
    private let module = DemoCityService(seed: 1)

    private func bin(_ id: String, _ status: JSONValue) -> JSONValue {
        [
            "id": .string(id), "type": "WasteContainer",
            "name": ["type": "Property", "value": .string("Bin \(id)")],
            "status": [
                "type": "Property", "value": status, "observedAt": "2026-11-29T08:00:00Z",
            ],
        ]
    }

    /// The page with a stranger's rights.
    private func paragraphs(_ city: CityHub, _ hosted: HostedService) async throws -> [String] {
        let page = try #require(module.page)
        let stranger = CityAccess(city.hub, for: Caller(party: .anonymous))
        return try await page.content(ServiceRequest(city: stranger), hosted.context).paragraphs
    }

    @Test func `the page shows the last full bin to those who may see it`() async throws {
        let everybody = Permission(assignee: .anyone, actions: [.read], target: .everything)
        let open = Policy(permissions: module.permissions() + [everybody])
        let city = CityHub([module], policy: open)
        let hosted = HostedService(module, in: city.hub) { _ in throw CancellationError() }
        await HostedService.subscribe([hosted], in: city.hub)
        #expect(try await paragraphs(city, hosted).count == 1)
        try await city.delivering {
            for one in [bin("urn:bin:1", "ok"), bin("urn:bin:2", "overflowing")] {
                _ = try await city.all.upsert([one])
            }
            try await city.settled()
        }
        let told = try await paragraphs(city, hosted)
        #expect(
            told.last
                == "The bin that overflowed last is Bin urn:bin:2, which said so at "
                + "2026-11-29T08:00:00Z."
        )
        try await city.hub.following.enforce(Policy(permissions: module.permissions()))
        #expect(try await paragraphs(city, hosted).count == 1)
    }
}
