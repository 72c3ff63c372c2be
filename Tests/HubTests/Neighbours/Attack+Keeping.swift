import ContextModel
import NIOHTTP1

/// Attacks on what the hub stores for a party and reads again and again.
extension Attack {
    static let kept = [
        snapshots, longHistories, sealedHistories, longInstances, largePages,
    ]

    static let snapshots = Attack(name: "snapshots made and deleted", workers: 4) { attacker in
        try await attacker.makeEntities(2_000, attributes: 5)
    } strike: { attacker, number in
        let id = "urn:ngsi-ld:Snapshot:\(number)"
        _ = try await attacker.party.send(
            .POST,
            "/ngsi-ld/v1/snapshots",
            [
                "id": .string(id), "type": "Snapshot",
                "snapshotQueries": [["type": "Query", "entities": [["type": "Bad"]]]],
            ]
        )
        _ = try await attacker.party.send(.GET, "/ngsi-ld/v1/snapshots/\(id)")
        _ = try await attacker.party.send(.DELETE, "/ngsi-ld/v1/snapshots/\(id)")
    }

    /// Reads pages of the maximum size.
    static let largePages = Attack(name: "pages of entities as large as may be", workers: 32) {
        attacker in
        try await attacker.makeEntities(14, attributes: 1)
        for number in 0..<14 {
            await attacker.sendApart(
                .PATCH,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:\(number)/attrs",
                largeValue
            )
        }
    } strike: { attacker, number in
        await attacker.sendApart(.GET, "/ngsi-ld/v1/entities?type=Bad&limit=1000")
    }

    /// Reads answers of the maximum size that have few instances.
    static let longInstances = Attack(name: "histories of few instances, each long", workers: 32) {
        attacker in
        try await attacker.makeEntities(1, attributes: 1)
        for _ in 0..<14 {
            await attacker.sendApart(
                .PATCH,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:0/attrs",
                largeValue
            )
        }
    } strike: { attacker, number in
        await attacker.sendApart(
            .GET,
            "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Bad:0"
        )
    }

    private static let largeValue =
        (["a0": ["type": "Property", "value": .string(String(repeating: "x", count: 2 << 20))]]
        as JSONValue).serialized

    /// Queries that read, aggregate or search entire histories.
    static let longHistories = Attack(name: "questions about long histories", workers: 8) {
        attacker in
        for entity in 0..<4 { try await attacker.makeHistory(of: entity, 10_000) }
    } strike: { attacker, number in
        let questions = [
            "aggrMethods=min,max,avg,sum&aggrPeriodDuration=PT1S&options=aggregatedValues",
            "q=n~=%22(a%7Cb)*a(a%7Cb)%7B100%7Dc%22", "lastN=10000", "q=n%3E=0;n%3C1&count=true",
            "orderBy=n&format=temporalValues",
        ]
        await attacker.sendApart(
            .GET,
            "/ngsi-ld/v1/temporal/entities?type=Bad&timerel=after&timeAt=2020-01-01T00:00:00Z&"
                + questions[number % questions.count]
        )
    }

    /// Adds, corrects and removes instances in sealed parts of a history.
    static let sealedHistories = Attack(name: "histories that change everywhere") { attacker in
        try await attacker.makeHistory(of: 0, 10_000)
        try await attacker.ask("type=Bad")
    } strike: { attacker, number in
        let path = "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Bad:0"
        if number.isMultiple(of: 16) {
            _ = try await attacker.party.send(.DELETE, "\(path)/attrs/n")
            try await attacker.makeHistory(of: 0, 10_000)
        }
        await attacker.sendApart(.GET, "\(path)?lastN=5000")
        _ = try await attacker.party.send(
            .POST,
            "\(path)/attrs",
            ["n": .array((0..<200).map { Attacker.reading($0 * 50 + number % 50 + 10_000_000) })]
        )
    }
}

extension Attacker {
    /// Adds this many numeric readings to the history of an entity.
    func makeHistory(of entity: Int, _ count: Int) async throws {
        _ = try await party.send(
            .POST,
            "/ngsi-ld/v1/temporal/entities",
            [
                "id": .string("urn:ngsi-ld:Bad:\(entity)"), "type": "Bad",
                "n": .array((0..<count).map(Self.reading)),
            ]
        )
    }

    /// A reading observed this many seconds after the beginning of 2024.
    static func reading(_ second: Int) -> JSONValue {
        let start: Int64 = 1_704_067_200
        let moment = Timestamp(microseconds: (start + Int64(second)) * 1_000_000)
        return [
            "type": "Property", "value": .number(JSONNumber(second % 100)),
            "observedAt": .string(moment.description),
        ]
    }
}
