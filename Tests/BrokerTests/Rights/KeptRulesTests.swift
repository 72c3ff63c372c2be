import ContextModel
import Governance
import Record
import Storage
import StorageMemory
import StoreDoubles
import Testing

@testable import Broker

/// The rules for all tenants, which the hub keeps from its first start on.
@Suite struct KeptRulesTests {
    private static func rules(_ types: String...) -> CommonRules {
        CommonRules([
            "public": ["types": .array(types.map { .string($0) })]
        ]) { LDContext.core.expand($0) }
    }

    private static let anybody = Caller(party: .anonymous)

    private func ward(_ memory: SharedMemory = SharedMemory()) async throws -> Ward {
        let ward = try await Ward(memory: memory)
        if try await ward.found("Bus", by: Ward.boss).isEmpty {
            try await ward.make(["id": "urn:bus:1", "type": "Bus", "speed": 3])
            try await ward.make(["id": "urn:tram:1", "type": "Tram", "speed": 3])
        }
        return ward
    }

    private func isShown(_ ward: Ward, _ type: String) async throws -> Bool {
        try await !ward.found(type, by: Self.anybody).isEmpty
    }

    @Test func `the first start keeps what the configuration says, and later ones do not`()
        async throws
    {
        let memory = SharedMemory()
        let first = try await ward(memory)
        #expect(try await !isShown(first, "Bus"))
        try await first.hub.governing.keepRules(Self.rules("Bus"))
        #expect(try await isShown(first, "Bus"))
        #expect(try await first.hub.governing.keptRules()?.version == 1)
        let entry = try #require(first.record.drafts.last)
        #expect(entry.kind == .policy && entry.details["from"] == "configuration")
        #expect(entry.details["rules"]?.text.contains("Bus") == true)
        // A later start, with another configuration.
        let second = try await ward(memory)
        let size = second.record.size
        try await second.hub.governing.keepRules(Self.rules("Tram"))
        #expect(try await isShown(second, "Bus"))
        #expect(try await !isShown(second, "Tram"))
        #expect(second.record.size == size)
        try await second.hub.governing.adoptConfiguredRules(caller: Ward.boss)
        #expect(try await !isShown(second, "Bus"))
        #expect(try await isShown(second, "Tram"))
        #expect(try await second.hub.governing.keptRules()?.version == 2)
    }

    private func put(
        _ ward: Ward,
        _ body: JSONValue,
        by caller: Caller = Ward.boss
    ) async throws {
        try await ward.hub.governing.putCommonRules(body, ld: .core, caller: caller)
    }

    @Test func `a change is in force when it is answered, in all tenants, and in the record`()
        async throws
    {
        let ward = try await ward()
        try await ward.hub.governing.keepRules(Self.rules("Bus"))
        var boss = Ward.boss
        boss.tenant = TenantName("other")
        var anybody = Self.anybody
        anybody.tenant = boss.tenant
        _ = try await ward.hub.writing.createEntity(
            ["id": "urn:tram:9", "type": "Tram", "speed": 1],
            ld: .core,
            caller: boss
        )
        try await put(ward, ["version": 1, "public": ["types": ["Tram"]]])
        #expect(try await !isShown(ward, "Bus"))
        #expect(try await isShown(ward, "Tram"))
        #expect(try await ward.found("Tram", by: anybody) == ["urn:tram:9"])
        let shown = try await ward.hub.governing.commonRules(ld: .core, caller: Self.anybody)
        #expect(JSONValue.object(shown) == ["version": 2, "public": ["types": ["Tram"]]])
        #expect(ward.record.drafts.last?.details["from"] == "request")
        // Where the record cannot be written nothing changes.
        ward.record.fail()
        await #expect(throws: BrokerError.self) { try await put(ward, [:]) }
        #expect(try await isShown(ward, "Tram"))
    }

    @Test func `what is not understood, or of another version, is refused and changes nothing`()
        async throws
    {
        let ward = try await ward()
        try await ward.hub.governing.keepRules(Self.rules("Bus"))
        for (body, code) in [
            (["public": ["type": ["Tram"]]], .badRequestData), ([], .badRequestData),
            (["version": 7, "public": ["types": ["Tram"]]], .conflict),
            (["version": "x"], .badRequestData),
        ] as [(JSONValue, BrokerError.Code)] {
            let refused = await #expect(throws: BrokerError.self) { try await put(ward, body) }
            #expect(refused?.code == code, "\(body.text)")
        }
        for caller in [Self.anybody, Ward.clinic] {
            await #expect(throws: BrokerError.self) { try await put(ward, [:], by: caller) }
            await #expect(throws: BrokerError.self) {
                try await ward.hub.governing.adoptConfiguredRules(caller: caller)
            }
        }
        var tenant = Ward.boss
        tenant.tenant = TenantName("other")
        await #expect(throws: BrokerError.self) { try await put(ward, [:], by: tenant) }
        #expect(try await isShown(ward, "Bus"))
        #expect(try await ward.hub.governing.keptRules()?.version == 1)
    }

    @Test func `another process follows`() async throws {
        let memory = SharedMemory()
        let one = try await ward(memory)
        let other = try await Ward(memory: memory, process: "other")
        try await one.hub.governing.keepRules(Self.rules("Bus"))
        try await other.hub.governing.keepRules(Self.rules("Bus"))
        #expect(try await isShown(other, "Bus"))
        try await put(one, ["public": ["types": ["Tram"]]])
        let deadline = ContinuousClock.now + .seconds(30)
        while try await isShown(other, "Bus"), ContinuousClock.now < deadline {
            await Task.yield()
        }
        #expect(try await !isShown(other, "Bus"))
        #expect(try await isShown(other, "Tram"))
    }

    @Test func `rules that are damaged let nobody in`() async throws {
        let memory = SharedMemory()
        let first = try await ward(memory)
        try await first.hub.governing.keepRules(Self.rules("Bus"))
        let document = Document(kind: .commonRules, id: KeptRules.id, body: Array("{".utf8))
        try await first.fixture.store.makeTenant(nil).changeDocuments(reading: []) {
            $0.put(document)
        }
        let second = try await Ward(memory: memory)
        await #expect(throws: (any Error).self) {
            try await second.hub.governing.keepRules(Self.rules("Bus"))
        }
        await #expect(throws: (any Error).self) {
            _ = try await second.found("Bus", by: Self.anybody)
        }
    }

    @Test func `a preview says who could newly read what, and changes nothing`() async throws {
        let ward = try await ward()
        try await ward.hub.governing.keepRules(Self.rules("Bus"))
        let shown = try await ward.hub.governing.previewCommonRules(
            ["public": ["types": ["Bus", "Tram"]]],
            ld: .core,
            caller: Ward.boss
        )
        let found = shown["differences"]?.arrayValue?.compactMap(\.objectValue) ?? []
        #expect(!found.isEmpty && found.allSatisfy { $0["effect"] == "gains" })
        #expect(found.contains { $0["example"]?.objectValue?["id"] == "urn:tram:1" })
        #expect(try await !isShown(ward, "Tram"))
    }
}
