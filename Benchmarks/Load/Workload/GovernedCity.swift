import Foundation
import GRDBSQLite

/// A hub with two tenants that hold the same stations and visits: `off` has no rules of its own, and `on` a
/// classification, 200 policies, and people who have chosen.
///
/// Both are read by one party, which the configuration lets read everything; what it reads about people in
/// `on` rests on a policy.
struct GovernedCity {
    static let policies = 200
    static let choicesOfPerson = 10
    static let stations = 10_000

    private let bench: Bench
    private let name: String
    private let config: URL
    private let admin: String
    private let reader: String

    init(_ bench: Bench, _ name: String) throws {
        self.bench = bench
        self.name = name
        config = bench.data(name + ".yaml")
        let text = "permissions:\n  reader:\n    actions: [read]\n    types: [\"*\"]\n"
        try text.write(to: config, atomically: true, encoding: .utf8)
        let folder = bench.data(name).path
        func token(_ party: String, _ options: [String]) throws -> String {
            try bench.output(
                "balai",
                ["token", "issue", "--party", "urn:balai:party:\(party)", "--data", folder]
                    + options
            ).first ?? ""
        }
        admin = "Authorization: Bearer " + (try token("office", ["--role", "admin"]))
        reader = "Authorization: Bearer " + (try token("reader", []))
    }

    func start() throws -> ServerProcess { try bench.startGovernedHub(name, config: config) }

    func with<Answer>(_ body: (ServerProcess) throws -> Answer) throws -> Answer {
        let hub = try start()
        defer { hub.stop() }
        return try body(hub)
    }

    /// Which tenant a request is for.
    enum Side: String, CaseIterable { case off, on }

    func reading(_ side: Side) -> [String] {
        ["NGSILD-Tenant: \(side.rawValue)", "Data-Purpose: dpv:PublicHealth", reader]
    }

    func administration(_ side: Side) -> [String] {
        ["NGSILD-Tenant: \(side.rawValue)", admin]
    }

    // MARK: Filling

    func fillStations(_ hub: ServerProcess) throws {
        for side in Side.allCases {
            _ = try bench.batches(0..<Self.stations, of: hub, headers: administration(side))
        }
    }

    func fillVisits(_ hub: ServerProcess, _ range: Range<Int>) throws {
        let size = 1_000
        for side in Side.allCases {
            let headers = administration(side)
            _ = try bench.loop(hub, connections: 2).run(
                Bound(requests: range.count / size, seconds: 600),
                make: { number, _ in
                    let start = range.lowerBound + number * size
                    return Visit.batch(start..<(start + size), headers: headers)
                },
                check: { _, answer in answer.isNot(201) }
            ).checked()
        }
    }

    /// Says what the data of `on` is, and who may use it.
    func govern(_ hub: ServerProcess) throws {
        let client = try Client(to: hub.address)
        let headers = administration(.on)
        try client.expect(
            [200, 201, 204],
            Request(
                "PUT",
                "/governance/v1/classification",
                headers: headers,
                body: """
                    {"TrafficStation":{"class":"public"},\
                    "Visit":{"class":"personal","subject":"patient"}}
                    """
            ).bytes
        )
        for number in 0..<Self.policies {
            try client.expect(
                [200, 201, 204],
                Request(
                    "PUT",
                    "/governance/v1/policies/urn:balai:policy:\(number)",
                    headers: headers,
                    body: Self.policy(number)
                ).bytes
            )
        }
    }

    /// The first lets the reader read visits for public health; one in ten of the others lets it read
    /// something else, and the rest are about other parties.
    private static func policy(_ number: Int) -> String {
        let party = number % 10 == 0 ? "reader" : "party\(number)"
        let type = number == 0 ? "Visit" : "Type\(number)"
        let purposes = ["PublicHealth", "Marketing", "ScientificResearch", "ServiceProvision"]
        return """
            {"@context":"http://www.w3.org/ns/odrl.jsonld","@type":"Set",\
            "uid":"urn:balai:policy:\(number)","permission":[{"action":"read",\
            "assignee":"urn:balai:party:\(party)","target":"\(type)","constraint":[{\
            "leftOperand":"purpose","operator":"eq","rightOperand":\
            "https://w3id.org/dpv#\(purposes[number % purposes.count])"}]}]}
            """
    }

    /// Puts ten choices of each person of the range into the store of `on`, while no hub runs.
    ///
    /// By SQLite itself, because a million requests would take longer than all the rest: the rows are those
    /// that the hub writes. The record has no entries of them.
    func choose(_ range: Range<Int>) throws {
        let file = bench.data(name).appendingPathComponent("tenants/on.sqlite")
        let database = try PlainDatabase(file)
        try database.run("BEGIN IMMEDIATE")
        let statement = try database.prepare(
            "INSERT INTO document (kind, id, body) VALUES ('choices', ?1, ?2)"
        )
        defer { sqlite3_finalize(statement) }
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for person in range {
            let id = Request.digits(of: "urn:person:########", person)
            let body = Array(Self.choices(of: person).utf8)
            sqlite3_bind_text(statement, 1, id, -1, copied)
            sqlite3_bind_blob(statement, 2, body, Int32(body.count), copied)
            try database.check(sqlite3_step(statement))
            sqlite3_reset(statement)
        }
        try database.run("COMMIT")
    }

    /// Objections to other purposes, and a consent to the one that the data is read for.
    private static func choices(of person: Int) -> String {
        let purposes = [
            "Marketing", "CommercialResearch", "CustomerManagement", "EnforceSecurity",
            "HumanResourceManagement", "Personalisation", "RecordManagement", "ServiceManagement",
            "VendorManagement",
        ]
        var choices = purposes.enumerated().map { choice("object", $1, person, $0) }
        choices.append(choice("consent", "PublicHealth", person, purposes.count))
        return "[\(choices.joined(separator: ","))]"
    }

    private static func choice(
        _ word: String,
        _ purpose: String,
        _ person: Int,
        _ number: Int
    ) -> String {
        """
        {"id":"urn:balai:receipt:\(person)-\(number)","choice":"\(word)",\
        "purpose":"dpv:\(purpose)","at":"2026-01-01T08:00:00Z"}
        """
    }
}

extension Client {
    /// One request outside any measurement, whose answer has one of these statuses.
    func expect(_ statuses: Set<Int>, _ request: [UInt8]) throws {
        try exchange(request) { answer in
            guard !statuses.contains(answer.status) else { return }
            throw BenchmarkError(answer.isNot(statuses.min() ?? 200) ?? "")
        }
    }
}
