import Broker
import ContextModel
import Governance
import Services
import Storage
import StoreDoubles
import Testing

@testable import CityServices

@Suite struct DemoPeopleServiceTests {
    private let module = DemoPeopleService()

    /// A hub in which the people are told of once.
    private func city(_ record: RecordDouble = RecordDouble()) async throws -> CityHub {
        let city = CityHub([module], record: record)
        let hosted = HostedService(module, in: city.hub) { _ in throw CancellationError() }
        await HostedService.govern([hosted], in: city.hub)
        let context = city.context(of: module)
        for job in module.jobs {
            await #expect(throws: CancellationError.self) { try await job.run(context) }
        }
        return city
    }

    private func count(_ type: String, _ caller: Caller, in city: CityHub) async throws -> Int {
        let query = EntityQuery(condition: .type(LDContext.core.expand(type)), limit: 100)
        return try await city.hub.reading.queryEntities(query, caller: caller).page.entities.count
    }

    @Test(
        arguments: [
            ("registry", "Person", "dpv:ServiceProvision"), ("clinic", "Visit", "dpv:PublicHealth"),
            ("buses", "CardTap", "dpv:ServiceOptimisation"),
        ]
    )
    func `each kind of data is for its party and purpose alone`(
        party: String,
        type: String,
        purpose: String
    ) async throws {
        let city = try await city()
        for (name, asked, number) in [
            (party, purpose, 20), (party, "dpv:Marketing", 0), ("shop", purpose, 0),
        ] {
            let caller = Caller(party: .named(PartyID(name)), purpose: Purpose(asked))
            #expect(try await count(type, caller, in: city) == number, "\(name) \(asked)")
        }
        #expect(try await count(type, Caller(party: .operator), in: city) == 0)
    }

    @Test func `what the operator has said stays so at the next start`() async throws {
        let record = RecordDouble()
        let city = try await city(record)
        let boss = Caller(party: .operator)
        try await city.hub.governing.replaceClassification(
            ["Visit": ["class": "public"]],
            ld: .core,
            caller: boss
        )
        let hosted = HostedService(module, in: city.hub) { _ in }
        await HostedService.govern([hosted], in: city.hub)
        let now = try await city.hub.governing.classification(ld: .core, caller: boss)
        #expect(now["Visit"]?.objectValue?["class"] == "public")
        #expect(now["Person"]?.objectValue?["class"] == "personal")
        let size = record.size
        await HostedService.govern([hosted], in: city.hub)
        #expect(record.size == size)
    }
}
