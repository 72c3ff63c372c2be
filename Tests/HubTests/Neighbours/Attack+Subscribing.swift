import ContextModel
import NIOHTTP1

/// Attacks with the right to subscribe.
extension Attack {
    static let subscribing = [silentBrokers, valueLists, intervals]

    /// Receivers that accept MQTT connections and never answer, each with many sessions.
    static let silentBrokers = Attack(name: "MQTT brokers that never answer") { attacker in
        try await attacker.makeEntities(1, attributes: 1)
        try await attacker.party.times(400) { number in
            let port = attacker.receivers[number].split(separator: ":")[2].split(separator: "/")[0]
            try await attacker.party.subscribe(
                to: "Bad",
                at: "mqtt://user\(number):secret@127.0.0.1:\(port)/topic"
            )
        }
    } strike: { attacker, number in
        try await attacker.change("a0", to: number)
    }

    /// Conditions with a thousand values each, on long arrays.
    static let valueLists = Attack(name: "subscriptions to long lists of values") { attacker in
        try await attacker.makeEntities(1, attributes: 1)
        try await attacker.party.times(100) { number in
            let list = (0..<1_000).map { "\"v\(number)x\($0)\"" }.joined(separator: ",")
            try await attacker.party.subscribe(
                to: "Bad",
                at: attacker.receivers[0],
                ["q": .string("a0==\(list)")]
            )
        }
    } strike: { attacker, number in
        await attacker.sendApart(
            .PATCH,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Bad:0/attrs",
            manyValues[number % manyValues.count]
        )
    }

    private static let manyValues = (0..<2).map { number -> [UInt8] in
        let array = (0..<20_000).map { JSONValue.string("w\($0)x\(number)") }
        return (["a0": ["type": "Property", "value": .array(array)]] as JSONValue).serialized
    }

    /// Subscriptions with an interval of a second whose query is slow.
    static let intervals = Attack(name: "subscriptions at intervals that are slow to answer") {
        attacker in
        try await attacker.makeEntities(500, attributes: 5)
        for number in 0..<5 { try await attacker.writeText(number, into: "a0") }
        try await attacker.party.times(200) { number in
            try await attacker.party.subscribe(
                to: "Bad",
                at: attacker.receivers[number],
                ["timeInterval": 1, "q": .string("a0~=\"(a|b)*a(a|b){\(20 + number % 60)}c\"")]
            )
        }
    } strike: { attacker, number in
        try await attacker.ask("type=Bad&limit=1&offset=\(number % 100)")
    }
}
