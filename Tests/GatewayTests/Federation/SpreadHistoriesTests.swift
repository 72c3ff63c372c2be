import Broker
import Chance
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// One hub that has all histories, and five that have them together, answer alike.
@Suite(.timeLimit(.minutes(10)), .clause("5.7.3", "5.7.4", "4.5.5"))
struct SpreadHistoriesTests {
    private static let time = "timerel=after&timeAt=2026-01-01T00:00:00Z"
    private static let whole =
        "timerel=between&timeAt=2026-01-01T00:00:00Z&endTimeAt=2026-02-01T00:00:00Z"
    private static let questions = [
        "type=Bus&\(time)", "type=Bus&\(time)&lastN=2", "type=Bus&\(time)&attrs=speed",
        "type=Bus&\(time)&q=speed%3E4", "type=Bus&\(time)&options=temporalValues",
        "type=Bus&\(time)&id=urn:x:1,urn:x:2", "type=Bus&\(time)&idPattern=urn:x:1.*",
        "type=Bus&timerel=between&timeAt=2026-01-03T00:00:00Z&endTimeAt=2026-01-06T00:00:00Z",
        "type=Bus&\(time)&scopeQ=/A", "type=Bus&\(time)&q=speed%3E3;load%3C5&attrs=load",
        "type=Bus&\(whole)&options=aggregatedValues&aggrMethods=sum,max,totalCount&attrs=speed",
        "type=Bus&\(whole)&options=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=P2D",
    ]

    /// With `isShort`, the others tell three instances at a time, and two histories on a page.
    @Test(arguments: [(true, false), (false, false), (true, true), (false, true)])
    func `five hubs answer as one does`(isSplit: Bool, isShort: Bool) async throws {
        let limits: @Sendable (Int) -> HubLimits = { place in
            var limits = HubLimits()
            guard isShort, 1..<5 ~= place else { return limits }
            (limits.maximumInstances, limits.maximumPage, limits.defaultPage) = (3, 2, 2)
            return limits
        }
        try await FederatedHub.running(6, limits: limits) { hubs in
            var random = SeededGenerator(seed: Soak.seed)
            for number in 0..<12 {
                try await Self.spread(number, isSplit: isSplit, over: hubs, &random)
            }
            for other in hubs[1..<5] {
                try await hubs[0].register(
                    other,
                    [
                        "operations": ["queryTemporal", "retrieveTemporal"],
                        "observationInterval": ["startAt": "2020-01-01T00:00:00Z"],
                    ]
                )
            }
            for question in Self.questions {
                let path = "temporal/entities?\(question)"
                let one = try await hubs[5].get("\(path)&limit=100")
                var pages: [JSONValue] = []
                for offset in stride(from: 0, to: 12, by: 5) {
                    let split = isSplit ? "&splitEntities=true" : ""
                    let page = try await hubs[0].get("\(path)&limit=5&offset=\(offset)\(split)")
                    pages += page.arrayValue ?? []
                }
                #expect(
                    Self.plain(.array(pages)) == Self.plain(one),
                    "\(question), seed \(Soak.seed)"
                )
            }
            for number in 0..<12 {
                let path = "temporal/entities/urn:x:\(number)"
                let (all, one) = (try await hubs[0].get(path), try await hubs[5].get(path))
                #expect(Self.plain([all]) == Self.plain([one]), "seed \(Soak.seed)")
            }
        }
    }

    private static func spread(
        _ number: Int,
        isSplit: Bool,
        over hubs: [FederatedHub],
        _ random: inout SeededGenerator
    ) async throws {
        let head: JSONObject = ["id": .string("urn:x:\(number)"), "type": "Bus"]
        let home = Int.random(in: 0..<5, using: &random)
        var parts = [JSONObject](repeating: head, count: 5)
        var whole = head
        if !isSplit, Bool.random(using: &random) {
            let scope: JSONValue = [
                "type": "Property", "value": "/A", "observedAt": "2026-01-01T00:00:00Z",
            ]
            whole["scope"] = [scope]
            parts[home]["scope"] = [scope]
        }
        for name in ["speed", "load"] {
            // One value of each day at most: two of one moment are told apart by their hub alone.
            for day in 1...9 where Bool.random(using: &random) || name == "speed" && day == 1 {
                let instance: JSONValue = [
                    "type": "Property",
                    "value": .number(JSONNumber(Int.random(in: 0..<9, using: &random))),
                    "observedAt": .string("2026-01-0\(day)T00:00:00Z"),
                ]
                let place = isSplit ? Int.random(in: 0..<5, using: &random) : home
                whole[name] = .array((whole[name]?.arrayValue ?? []) + [instance])
                parts[place][name] = .array((parts[place][name]?.arrayValue ?? []) + [instance])
            }
        }
        for (hub, history) in zip(hubs, parts + [whole]) where history.members.count > 2 {
            let answer = try await hub.send(.post, "temporal/entities?local=true", .object(history))
            #expect(answer.status == .created, "\(String(buffer: answer.body))")
        }
    }

    /// The histories in the order of their identifiers, without the names that hubs give instances.
    private static func plain(_ histories: JSONValue) -> [JSONValue] {
        (histories.arrayValue ?? []).map(unnamed).sorted {
            ($0.objectValue?["id"]?.stringValue ?? "") < ($1.objectValue?["id"]?.stringValue ?? "")
        }
    }

    private static func unnamed(_ json: JSONValue) -> JSONValue {
        switch json {
        case .array(let elements): return .array(elements.map(unnamed))
        case .object(let object):
            var plain: JSONObject = [:]
            for (key, value) in object.members where key != "instanceId" {
                plain[key] = unnamed(value)
            }
            return .object(plain)
        default: return json
        }
    }
}
