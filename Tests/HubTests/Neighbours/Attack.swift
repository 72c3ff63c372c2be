import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// An attack that a party can make within its rights, and that must not harm others: its name, its
/// preparation, and the action that it repeats.
struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    /// The number of tasks that attack at once.
    var workers = 2
    var prepare: @Sendable (Attacker) async throws -> Void = { _ in }
    /// The action.
    ///
    /// It accepts every answer; 403, 429 and 503 are expected.
    let strike: @Sendable (Attacker, Int) async throws -> Void

    var testDescription: String { name }
}

/// The party that attacks, and its receivers.
struct Attacker: Sendable {
    let party: Party
    let receivers: SlowReceivers

    /// Makes entities of the type `Bad` with this many attributes each.
    func makeEntities(_ count: Int, attributes: Int) async throws {
        let members = (0..<attributes).map { number in
            (
                key: "a\(number)",
                value: ["type": "Property", "value": .string("x\(number)")] as JSONValue
            )
        }
        for start in stride(from: 0, to: count, by: 100) {
            let entities = (start..<min(start + 100, count)).map { number -> JSONValue in
                var entity = JSONObject(members)
                entity["id"] = .string("urn:ngsi-ld:Bad:\(number)")
                entity["type"] = "Bad"
                return .object(entity)
            }
            try await party.require(
                .POST,
                "/ngsi-ld/v1/entityOperations/create",
                .array(entities)
            )
        }
    }

    func change(_ attribute: String, to number: Int) async throws {
        _ = try await party.send(
            .PATCH,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:0/attrs",
            [attribute: ["type": "Property", "value": .number(JSONNumber(number))]]
        )
    }

    /// Sets the attribute of an entity to a long text of the letters a and b.
    func writeText(_ number: Int, into attribute: String, of entity: Int? = nil) async throws {
        var chance = UInt32(truncatingIfNeeded: number)
        let bytes = (0..<4_000).map { _ in
            chance = chance &* 1_664_525 &+ 1_013_904_223
            return UInt8(0x61 + chance >> 31)
        }
        _ = try await party.send(
            .PATCH,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:\(entity ?? number)/attrs",
            [
                attribute: [
                    "type": "Property", "value": .string(String(decoding: bytes, as: UTF8.self)),
                ]
            ]
        )
    }

    /// Sends a request with a long body or a long answer on its own thread, because the
    /// neighbour's client runs in the same program.
    func sendApart(
        _ method: HTTPMethod,
        _ path: String,
        _ body: [UInt8] = [],
        _ type: String = "application/json"
    ) async {
        let head = """
            \(method.rawValue) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
            Authorization: Bearer \(party.tenancy.token)\r\n\
            Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n
            """
        await Wire.drain(Array(head.utf8) + body, withPort: party.shared.hub.port)
    }

    func ask(_ query: String) async throws {
        _ = try await party.send(.GET, "/ngsi-ld/v1/entities?\(query)")
    }
}

extension Attack {
    /// All attacks.
    static let all =
        [
            slowReceivers, namesWithoutAddress, fullOutbox, subscriptionsOnOneEntity,
            grabbedIndexes, hoardedMaps, hoardedImports, longQuestions, shortQuestions, patterns,
            costlySubscriptions, geometry, largeEntity, names, refusedBatches, endlessLines,
            untakenAnswers,
        ] + files + kept + subscribing

    static let slowReceivers = Attack(name: "receivers that never answer") { attacker in
        try await attacker.makeEntities(1, attributes: 1)
        try await attacker.party.times(1_100) { number in
            try await attacker.party.subscribe(to: "Bad", at: attacker.receivers[number])
        }
    } strike: { attacker, number in
        try await attacker.change("a0", to: number)
    }

    static let namesWithoutAddress = Attack(name: "names without an address") { attacker in
        try await attacker.makeEntities(1, attributes: 1)
        try await attacker.party.times(100) { number in
            let receiver = "http://receiver-\(number).invalid/"
            try await attacker.party.subscribe(to: "Bad", at: receiver)
        }
    } strike: { attacker, number in
        try await attacker.change("a0", to: number)
    }

    /// The neighbour's writes make more notifications than the attacker's receivers accept.
    static let fullOutbox = Attack(name: "an outbox filled by what others write") { attacker in
        try await attacker.party.times(300) { number in
            try await attacker.party.subscribe(to: "Good", at: attacker.receivers[number])
        }
    } strike: { attacker, _ in
        try await attacker.ask("type=Good")
    }

    static let subscriptionsOnOneEntity = Attack(name: "many subscriptions on one entity") {
        attacker in
        try await attacker.makeEntities(1, attributes: 200)
        try await attacker.party.times(400) { number in
            try await attacker.party.subscribe(
                to: "Bad",
                at: attacker.receivers[0],
                ["watchedAttributes": [.string("a\(number / 2)"), "a199"]]
            )
        }
    } strike: { attacker, number in
        try await attacker.change("a199", to: number)
    }

    static let grabbedIndexes = Attack(name: "every value index taken") { attacker in
        try await attacker.makeEntities(400, attributes: 40)
    } strike: { attacker, number in
        try await attacker.ask("type=Bad&q=a\(number % 40)==%22none%22")
    }

    static let hoardedMaps = Attack(name: "EntityMaps made without end") { attacker in
        try await attacker.makeEntities(1_000, attributes: 1)
    } strike: { attacker, _ in
        try await attacker.ask("type=Bad&entityMap=true&limit=1")
    }

    static let hoardedImports = Attack(name: "files that never end", workers: 8) { attacker, _ in
        let head = """
            POST /hub/imports/entities HTTP/1.1\r\nHost: localhost\r\n\
            Authorization: Bearer \(attacker.party.tenancy.token)\r\n\
            Content-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n{
            """
        _ = await Wire.exchange(
            Array(head.utf8),
            withPort: attacker.party.shared.hub.port,
            patienceMilliseconds: 2_000
        )
    }

    static let longQuestions = Attack(name: "questions that look at everything", workers: 8) {
        attacker in
        try await attacker.makeEntities(200, attributes: 10)
    } strike: { attacker, number in
        try await attacker.ask("type=Bad&orderBy=a\(number % 10)&limit=100&count=true")
    }

    /// Each question is just short enough to be answered on its connection's thread, and some
    /// questions wait on each of many connections at any time.
    static let shortQuestions = Attack(name: "short questions on many connections", workers: 48) {
        attacker in
        try await attacker.makeEntities(100, attributes: 10)
    } strike: { attacker, _ in
        func question(_ isLast: Bool) -> String {
            """
            GET /ngsi-ld/v1/entities?type=Bad&limit=10 HTTP/1.1\r\nHost: localhost\r\n\
            Authorization: Bearer \(attacker.party.tenancy.token)\r\n\
            \(isLast ? "Connection: close\r\n" : "")\r\n
            """
        }
        let questions = String(repeating: question(false), count: 20) + question(true)
        await Wire.drain(Array(questions.utf8), withPort: attacker.party.shared.hub.port)
    }

    /// A refused entity costs as much to read as an accepted one, and the answer lists the
    /// refusals.
    static let refusedBatches = Attack(name: "long batches of what is refused", workers: 4) {
        attacker in
        try await attacker.makeEntities(1, attributes: 1)
    } strike: { attacker, _ in
        _ = try await attacker.party.send(
            .POST,
            "/ngsi-ld/v1/entityOperations/create",
            refused,
            "application/json"
        )
    }

    /// Half of these entities exist already, and half are invalid.
    private static let refused: [UInt8] = JSONValue.array(
        (0..<10_000).map { number in
            number.isMultiple(of: 2)
                ? ["id": "urn:ngsi-ld:Bad:0", "type": "Bad"]
                : ["id": .string("urn:ngsi-ld:Bad:\(number)"), "n": 1]
        }
    ).serialized

    static let endlessLines = Attack(name: "files of one endless line", workers: 4) {
        attacker,
        _ in
        let head = """
            POST /hub/imports/entities HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
            Authorization: Bearer \(attacker.party.tenancy.token)\r\n\
            Content-Type: application/x-ndjson\r\nContent-Length: \(line.count)\r\n\r\n
            """
        // On its own thread, because the neighbour's client runs in the same program.
        _ = await Wire.exchange(
            Array(head.utf8) + line,
            withPort: attacker.party.shared.hub.port,
            patienceMilliseconds: 10_000
        )
    }

    private static let line = [UInt8](repeating: UInt8(ascii: "x"), count: 12 << 20)

    static let untakenAnswers = Attack(name: "long answers that nobody takes", workers: 64) {
        attacker in
        try await attacker.makeEntities(1_000, attributes: 50)
    } strike: { attacker, _ in
        let head = """
            GET /ngsi-ld/v1/entities?type=Bad&limit=1000 HTTP/1.1\r\nHost: localhost\r\n\
            Authorization: Bearer \(attacker.party.tenancy.token)\r\n\r\n
            """
        await Wire.neglect(
            Array(head.utf8),
            withPort: attacker.party.shared.hub.port,
            forMilliseconds: 3_000
        )
    }

    static let patterns = Attack(name: "patterns that are slow to match") { attacker in
        try await attacker.makeEntities(500, attributes: 5)
        for number in 0..<20 { try await attacker.writeText(number, into: "a0") }
    } strike: { attacker, _ in
        let pattern = String(repeating: "(x|x1|.)*", count: 20) + "y$"
        let terms = ["a0~=%22\(Self.slowPattern)%22"] + (1..<5).map { "a\($0)~=%22\(pattern)%22" }
        try await attacker.ask("type=Bad&q=\(terms.joined(separator: "%7C"))")
    }

    /// A pattern whose automaton has a new state for almost each letter of a text of a and b.
    static let slowPattern = "(a%7Cb)*a(a%7Cb)%7B100%7Dc"

    /// Two hundred subscriptions to one entity, each with its own pattern or geometry that is slow
    /// to evaluate.
    static let costlySubscriptions = Attack(name: "subscriptions that are slow to decide") {
        attacker in
        try await attacker.makeEntities(1, attributes: 1)
        try await attacker.party.require(
            .POST,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:0/attrs",
            [
                "location": [
                    "type": "GeoProperty",
                    "value": ["type": "Polygon", "coordinates": [ring(2_000)]],
                ]
            ]
        )
        try await attacker.party.times(200) { number in
            let condition: JSONObject =
                number.isMultiple(of: 2)
                ? ["q": .string("a0~=\"(a|b)*a(a|b){\(20 + number)}c\"")]
                : [
                    "geoQ": [
                        "geometry": "LineString", "georel": "near;maxDistance==1",
                        "coordinates": ring(100 + number),
                    ]
                ]
            try await attacker.party.subscribe(to: "Bad", at: attacker.receivers[0], condition)
        }
    } strike: { attacker, number in
        try await attacker.writeText(number, into: "a0", of: 0)
    }

    static let geometry = Attack(name: "geometries of many positions") { attacker in
        try await attacker.makeEntities(1, attributes: 1)
        try await attacker.party.require(
            .POST,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:0/attrs",
            [
                "location": [
                    "type": "GeoProperty",
                    "value": ["type": "Polygon", "coordinates": [ring(20_000)]],
                ]
            ]
        )
    } strike: { attacker, _ in
        _ = try await attacker.party.send(
            .POST,
            "/ngsi-ld/v1/entityOperations/query",
            [
                "type": "Query", "entities": [["type": "Bad"]],
                "geoQ": [
                    "geometry": "LineString", "georel": "near;maxDistance==1",
                    "coordinates": ring(350),
                ],
            ]
        )
    }

    static let largeEntity = Attack(name: "an entity as large as may be") { attacker in
        try await attacker.makeEntities(1, attributes: 1)
        let instances = (0..<EntityLimits.instances).map { number -> JSONValue in
            [
                "type": "Property", "value": .number(JSONNumber(number)),
                "datasetId": .string("urn:x:\(number)"),
            ]
        }
        try await attacker.party.require(
            .POST,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:0/attrs",
            ["many": .array(instances)]
        )
    } strike: { attacker, number in
        try await attacker.change("a0", to: number)
    }

    static let names = Attack(name: "names that come and go") { attacker, number in
        let id = JSONValue.string("urn:ngsi-ld:Bad:\(number)")
        var entity: JSONObject = ["id": id, "type": "Bad"]
        for name in 0..<50 { entity["n\(number)x\(name)"] = ["type": "Property", "value": 1] }
        let operations = "/ngsi-ld/v1/entityOperations"
        _ = try await attacker.party.send(.POST, "\(operations)/create", [.object(entity)])
        _ = try await attacker.party.send(.POST, "\(operations)/delete", [id])
        _ = try await attacker.party.send(
            .DELETE,
            "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Bad:\(number)"
        )
    }

    /// A closed line of this many positions, in a zigzag around a point.
    private static func ring(_ count: Int) -> JSONValue {
        var positions = (0..<count).map { number -> JSONValue in
            let angle = Double(number) / Double(count) * 2 * Double.pi
            let radius = number.isMultiple(of: 2) ? 1.0 : 0.9
            return .array([
                .number(JSONNumber(5 + radius * cos(angle))),
                .number(JSONNumber(45 + radius * sin(angle))),
            ])
        }
        positions.append(positions[0])
        return .array(positions)
    }
}
