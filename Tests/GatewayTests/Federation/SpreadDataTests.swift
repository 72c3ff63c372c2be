import Chance
import Clauses
import ContextModel
import Testing

@testable import Gateway

/// One hub that has all data, and five that have it together, answer alike.
@Suite(.timeLimit(.minutes(3)), .clause("4.3.6", "4.5.5", "5.7.2"))
struct SpreadDataTests {
    private static let names = ["speed", "name", "load", "location"]

    private static let questions = [
        "type=Bus", "type=Bus&q=speed%3E4", "type=Bus&q=speed%3C=4;load%3E2",
        "type=Bus&attrs=name,load",
        "type=Bus&q=!name", "type=Bus&idPattern=urn:x:1.*", "type=Bus&id=urn:x:1,urn:x:2,urn:x:30",
        "type=Bus&scopeQ=/A", "type=Bus&pick=id,speed", "type=Bus&omit=speed&options=keyValues",
        "type=Bus&datasetId=urn:d:1&attrs=speed", "q=load==3",
        "type=Bus&georel=near;maxDistance==200000&geometry=Point&coordinates=%5B0,0%5D",
    ]

    @Test(arguments: [true, false])
    func `five hubs answer as one does`(isSplit: Bool) async throws {
        try await FederatedHub.running(6) { hubs in
            var random = SeededGenerator(seed: Soak.seed)
            for number in 0..<30 {
                try await Self.spread(number, isSplit: isSplit, over: hubs, &random)
            }
            for other in hubs[1..<5] { try await hubs[0].register(other) }
            for question in Self.questions {
                let path = "entities?\(question)" + (isSplit ? "&splitEntities=true" : "")
                let one = try await hubs[5].get("entities?\(question)&limit=1000")
                var pages: [JSONValue] = []
                for offset in stride(from: 0, to: 30, by: 7) {
                    let page = try await hubs[0].get(path + "&limit=7&offset=\(offset)")
                    pages += page.arrayValue ?? []
                }
                #expect(
                    Self.sorted(pages) == Self.sorted(one.arrayValue ?? []),
                    "\(question), seed \(Soak.seed)"
                )
            }
            for number in 0..<30 {
                let one = try await hubs[5].get("entities/urn:x:\(number)")
                let all = try await hubs[0].get("entities/urn:x:\(number)")
                #expect(Self.sorted([all]) == Self.sorted([one]), "seed \(Soak.seed)")
            }
        }
    }

    /// Each entity is at one hub here: counts of copies are added (clause 5.7.11).
    @Test(.clause("5.7.5", "5.7.6", "5.7.7", "5.7.8", "5.7.9", "5.7.10", "5.7.11"))
    func `five hubs have the types and attributes of one`() async throws {
        try await FederatedHub.running(6) { hubs in
            var random = SeededGenerator(seed: Soak.seed)
            for number in 0..<30 {
                var entity: JSONObject = [
                    "id": .string("urn:x:\(number)"),
                    "type": Bool.random(using: &random) ? "Bus" : ["Bus", "Red"],
                ]
                for name in Self.names where Bool.random(using: &random) {
                    entity[name] = Self.instances(of: name, &random)
                }
                try await hubs[5].make(.object(entity))
                try await hubs[Int.random(in: 0..<5, using: &random)].make(.object(entity))
            }
            let information: JSONValue = [
                ["entities": [["type": "Bus"]]], ["entities": [["type": "Red"]]],
            ]
            for other in hubs[1..<5] {
                try await hubs[0].register(other, information: information)
            }
            let paths =
                ["types", "types?details=true", "attributes", "attributes?details=true"]
                + ["types/Bus", "types/Red"] + Self.names.map { "attributes/\($0)" }
            for path in paths {
                let (one, all) = (try await hubs[5].get(path), try await hubs[0].get(path))
                #expect(Self.named(one) == Self.named(all), "\(path), seed \(Soak.seed)")
            }
            let local = try await hubs[0].get("types/Bus?local=true")
            #expect(Self.named(local) != Self.named(try await hubs[5].get("types/Bus")))
        }
    }

    /// The answer without the identifier of a list, which is new each time.
    private static func named(_ answer: JSONValue) -> JSONValue {
        guard var list = answer.objectValue, list["typeList"] ?? list["attributeList"] != nil else {
            return answer
        }
        list["id"] = nil
        return .object(list)
    }

    /// Gives an entity whole to the last hub, and in parts, or whole, to some of the others.
    private static func spread(
        _ number: Int,
        isSplit: Bool,
        over hubs: [FederatedHub],
        _ random: inout SeededGenerator
    ) async throws {
        let id = JSONValue.string("urn:x:\(number)")
        var whole: JSONObject = ["id": id, "type": "Bus"]
        var parts = [JSONObject?](repeating: nil, count: 5)
        func give(_ key: String, _ value: JSONValue, to place: Int) {
            parts[place] = parts[place] ?? ["id": id, "type": "Bus"]
            parts[place]?[key] = value
        }
        let home = Int.random(in: 0..<5, using: &random)
        parts[home] = ["id": id, "type": "Bus"]
        for name in names where Bool.random(using: &random) {
            let value = instances(of: name, &random)
            whole[name] = value
            give(name, value, to: isSplit ? Int.random(in: 0..<5, using: &random) : home)
        }
        if Bool.random(using: &random) {
            whole["scope"] = "/A"
            give("scope", "/A", to: isSplit ? Int.random(in: 0..<5, using: &random) : home)
        }
        try await hubs[5].make(.object(whole))
        for (place, part) in parts.enumerated() {
            if let part { try await hubs[place].make(.object(part)) }
        }
        guard !isSplit else { return }
        // A copy elsewhere is the same entity.
        try await hubs[(home + 1) % 5].make(.object(whole))
    }

    private static func instances(
        of name: String,
        _ random: inout SeededGenerator
    ) -> JSONValue {
        func number() -> JSONValue { .number(JSONNumber(Int.random(in: 0..<9, using: &random))) }
        switch name {
        case "location":
            return [
                "type": "GeoProperty",
                "value": ["type": "Point", "coordinates": [number(), number()]],
            ]
        case "name": return ["type": "Property", "value": "n"]
        default:
            let one: JSONValue = [
                "type": "Property", "value": number(), "observedAt": "2026-01-01T00:00:00Z",
            ]
            let other: JSONValue = ["type": "Property", "value": number(), "datasetId": "urn:d:1"]
            return Bool.random(using: &random) ? one : [one, other]
        }
    }

    private static func sorted(_ entities: [JSONValue]) -> [JSONValue] {
        entities.sorted { name($0) < name($1) }
    }

    private static func name(_ entity: JSONValue) -> String {
        entity.objectValue?["id"]?.stringValue ?? ""
    }
}
