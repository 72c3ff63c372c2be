import Broker
import Chance
import ContextModel
import FuzzTargets
import Testing

@testable import Gateway

/// Damaged URLs, from the query part to the meaning of all parameters.
@Suite struct DamagedQueryTests {
    private static let seeds = [
        "type=Bus,Tram&q=speed%3E10;line&scopeQ=/A/%23&attrs=speed&limit=20&offset=5&count=true",
        "id=urn:x:1,urn:x:2&idPattern=%5Eurn:&lang=th,en;q=0.5&options=keyValues,sysAttrs",
        "georel=near;maxDistance%3D%3D2000&geometry=Point&coordinates=%5B8,40%5D&orderBy=a;desc",
        "pick=id,speed&omit=type&join=inline&joinLevel=2&containedBy=urn:x:3&format=concise",
        "timerel=between&timeAt=2026-01-31T08:00:00Z&endTimeAt=2027-01-31T08:00:00Z&lastN=3",
        "timeproperty=modifiedAt&aggrMethods=sum,avg&aggrPeriodDuration=PT1H&format=aggregatedValues",
        "q=a==%22%E0%B8%9B+%22&collation=und-u-ks-level1&datasetId=urn:x:d,@none&expandValues=a",
    ]

    @Test func `damaged queries are refused, or keep their meaning when written again`() {
        print("seed of the damage to queries: \(Soak.seed) (BALAI_TEST_SEED)")
        var generator = SeededGenerator(seed: Soak.seed)
        let mutation = Mutation(of: Self.seeds.map { Array($0.utf8) })
        for _ in 0..<1_000 * Soak.factor {
            let text = String(decoding: mutation.next(&generator), as: UTF8.self)
            guard let items = try? QueryItems(urlQuery: text) else { continue }
            #expect((try? QueryItems(urlQuery: items.urlQuery)) == items, "\(text)")
            interpret(items)
        }
    }

    private func interpret(_ items: QueryItems) {
        let entities = EntityParameters(items: items, ld: .core, limits: HubLimits())
        let temporal = TemporalParameters(entities: entities)
        _ = try? entities.query()
        _ = try? entities.representation()
        _ = try? temporal.query(condition: .everything, requiresTime: false)
        _ = temporal.format
        _ = try? MediaType.negotiate(items["lang"], from: MediaType.allCases)
    }
}
