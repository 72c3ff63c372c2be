import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// A policy's rules on the paths by which data leaves a hub, and changes.
@Suite struct ODRLEverywhereTests {
    private static let everything = Permission(
        assignee: .anyone,
        actions: [.read, .subscribe, .write],
        target: .everything
    )
    private static let slow: JSONValue = [
        "leftOperand": "attribute:speed", "operator": "lt", "rightOperand": 50,
    ]

    private func ward(_ rule: String, onDisk: Bool) async throws -> Ward {
        let ward = try await Ward(
            common: rule == "prohibition" ? [Self.everything] : [],
            onDisk: onDisk
        )
        try await ward.put(
            Ward.policy(
                ["Bus"],
                uid: "urn:policy:bus",
                purpose: nil,
                constraints: [Self.slow],
                rule: rule
            )
        )
        for (name, speed) in [("slow", 40), ("fast", 60)] as [(String, JSONValue)] {
            try await ward.make([
                "id": .string("urn:bus:" + name), "type": "Bus", "speed": speed,
            ])
        }
        try await ward.make(["id": "urn:bus:bare", "type": "Bus"])
        return ward
    }

    private func histories(_ ward: Ward) async throws -> [String] {
        let query = TemporalQuery(
            condition: .type(LDContext.core.expand("Bus")),
            timeProperty: .modifiedAt,
            instanceLimit: 100,
            limit: 100
        )
        return try await ward.hub.reading.queryEvolutions(query, caller: Ward.clinic)
            .evolutions.map(\.id.uri)
    }

    @Test(arguments: [false, true])
    func `a permission by a value holds in queries, counts and histories`(
        onDisk: Bool
    ) async throws {
        let ward = try await ward("permission", onDisk: onDisk)
        #expect(try await ward.found("Bus") == ["urn:bus:slow"])
        let counted = EntityQuery(
            condition: .type(LDContext.core.expand("Bus")),
            limit: 0,
            wantsCount: true
        )
        let count = try await ward.hub.reading.queryEntities(counted, caller: Ward.clinic).page
            .count
        #expect(count == 1)
        #expect(try await histories(ward) == ["urn:bus:slow"])
        await #expect(throws: BrokerError.self) {
            _ = try await ward.hub.reading.retrieveEntity(
                EntityID("urn:bus:fast"),
                caller: Ward.clinic
            )
        }
    }

    @Test(arguments: [false, true])
    func `a prohibition by a value wins in queries, counts and histories`(
        onDisk: Bool
    ) async throws {
        let ward = try await ward("prohibition", onDisk: onDisk)
        // What has no speed is kept from the clinic as well: it cannot be told to be fast.
        #expect(try await ward.found("Bus") == ["urn:bus:fast"])
        #expect(try await histories(ward) == ["urn:bus:fast"])
        let anybody = Caller(party: .anonymous)
        #expect(try await ward.found("Bus", by: anybody).count == 3)
    }

    @Test func `a prohibited change is refused, whatever permits it`() async throws {
        let ward = try await Ward(common: [Self.everything])
        try await ward.make(["id": "urn:bus:1", "type": "Bus", "speed": 40])
        func change() async throws {
            _ = try await ward.hub.writing.updateAttributes(
                of: EntityID("urn:bus:1"),
                ["speed": 50],
                ld: .core,
                caller: Ward.clinic
            )
        }
        try await change()
        try await ward.put([
            "@type": "Set", "uid": "urn:policy:bus",
            "prohibition": [
                ["action": "modify", "assignee": "urn:balai:party:clinic", "target": "Bus"]
            ],
        ])
        await #expect(throws: BrokerError.self) { try await change() }
    }
}
