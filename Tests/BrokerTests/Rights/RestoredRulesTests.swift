import Borders
import ContextModel
import Governance
import Record
import Storage
import StorageMemory
import StoreDoubles
import Testing

@testable import Broker

/// Policies and classifications of data that was put back from a backup, under a record that is newer.
@Suite struct RestoredRulesTests {
    /// What is in force in the ward.
    private static func rules(of ward: Ward) async throws -> [JSONValue] {
        let governing = ward.hub.governing
        return [
            .object(try await governing.classification(ld: .core, caller: Ward.boss)),
            .array(try await governing.policies(caller: Ward.boss)),
            .object(try await governing.commonRules(ld: .core, caller: Ward.boss)),
        ]
    }

    private static func restored(
        _ ward: Ward,
        _ memory: SharedMemory = SharedMemory()
    ) async throws
        -> Ward
    {
        try await Ward(memory: memory, process: "restored", record: ward.record)
    }

    @Test func `what those who govern decided since is in force from the start`() async throws {
        let memory = SharedMemory()
        let backup = try await Ward(memory: memory).filled()
        // The record goes on without that data.
        let ward = try await Ward(record: backup.record).filled()
        try await ward.put(Ward.policy(["Bench"], uid: "urn:policy:benches"))
        try await ward.put(Ward.policy(["Visit"], purpose: "dpv:Marketing"))
        try await ward.put(Ward.policy(["Bike"], uid: "urn:policy:bikes"))
        try await ward.hub.governing.deletePolicy("urn:policy:bikes", caller: Ward.boss)
        try await ward.hub.governing.putCommonRules(
            ["public": ["types": ["Bench"]]],
            ld: .core,
            caller: Ward.boss
        )
        var sensitive = try #require(Ward.classification.objectValue)
        sensitive["Visit"] = ["class": "sensitive", "subject": "patient"]
        try await ward.classify(.object(sensitive))

        let restored = try await Self.restored(ward, memory)
        #expect(try await restored.found("Visit") == ["urn:visit:1", "urn:visit:2"])
        #expect(try await restored.hub.governing.missingChange() != nil)
        await restored.hub.governing.takeUpRecord()
        #expect(try await Self.rules(of: restored) == Self.rules(of: ward))
        #expect(try await restored.found("Visit") == [])
        #expect(try await restored.hub.governing.missingChange() == nil)
        #expect(try await restored.adopted() == Governing.Adopted())
    }

    @Test func `data that was lost has all of it again`() async throws {
        let ward = try await Ward().filled()
        try await ward.choose("object")
        let restored = try await Self.restored(ward)
        #expect(try await restored.adopted() == .init(choices: 1, rules: 2, missing: nil))
        for (name, patient) in [("1", Ward.siti), ("2", Ward.budi)] {
            try await restored.make(restored.visit(name, of: patient))
        }
        #expect(try await restored.found("Visit") == ["urn:visit:2"])
    }

    /// It is in the record before it is refused.
    @Test func `what was refused is put into force by no start`() async throws {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory).filled()
        let open: JSONValue = ["version": 7, "public": ["types": ["Visit"]]]
        let refused = await #expect(throws: BrokerError.self) {
            try await ward.hub.governing.putCommonRules(open, ld: .core, caller: Ward.boss)
        }
        #expect(refused?.code == .conflict)
        let rules = try await Self.rules(of: ward)
        for memory in [memory, SharedMemory()] {
            let restored = try await Self.restored(ward, memory)
            await restored.hub.governing.takeUpRecord()
            #expect(try await Self.rules(of: restored) == rules)
        }
    }

    private static func exemption(_ ward: Ward) -> JSONValue {
        let start = ward.hub.clock().adding(months: 1)
        return [
            "title": "Clinics", "participants": ["urn:balai:party:clinic"],
            "purpose": "dpv:PublicHealth", "categories": ["personal"], "source": "SG",
            "destinations": ["MY"], "from": .string(start.text),
            "until": .string(start.adding(months: 6).text), "report": "2100-01-01",
        ]
    }

    private static func publish(_ id: String, _ ward: Ward) async throws {
        _ = try await ward.hub.governing.putExemption(
            id,
            Self.exemption(ward),
            caller: Ward.boss
        )
    }

    @Test func `exemptions are as the record says, and those that ended do not come back`()
        async throws
    {
        let memory = SharedMemory()
        let backup = try await Ward(memory: memory).filled()
        try await Self.publish("ended", backup)
        let ward = try await Ward(record: backup.record).filled()
        try await Self.publish("ended", ward)
        try await ward.hub.governing.endExemption("ended", caller: Ward.boss)
        try await Self.publish("later", ward)

        let restored = try await Self.restored(ward, memory)
        #expect(try await restored.hub.governing.keptExemption("ended") != nil)
        await restored.hub.governing.takeUpRecord()
        let kept = try await restored.hub.governing.keptExemptions()
        #expect(kept.map(\.exemption.id) == ["later"])
        let published = try await ward.hub.governing.keptExemptions()
        #expect(kept.map(\.exemption) == published.map(\.exemption))
        #expect(kept.map(\.entry) == published.map(\.entry))
    }

    /// Its secret may be known: it must not take anything again.
    @Test func `a source that was removed does not come back`() async throws {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory).filled()
        let store = try await ward.fixture.store.makeTenant(nil)
        _ = try await store.changeFollowedDocuments(reading: []) { changes in
            changes.put(Document(kind: .source, id: "air", body: []))
        }
        let details: JSONObject = ["source": "air", "removed": "air"]
        _ = try await ward.record.append(
            RecordDraft(.policy, time: Timestamp(microseconds: 0), state: 0, details: details)
        )
        let restored = try await Self.restored(ward, memory)
        let governing = restored.hub.governing
        _ = try await governing.adoptMissingChanges(of: [nil])
        let after = try await restored.fixture.store.makeTenant(nil)
        #expect(try await after.document(.source, id: "air") == nil)
    }

    @Test(arguments: [
        // As hubs wrote it before: what the names stand for is not said.
        JSONObject([("policy", Ward.policy(["Visit"], uid: "urn:policy:old"))]),
        JSONObject([("uid", "urn:policy:long"), ("sha256", "00")]),
    ])
    func `what the record does not say whole is told, and not put back`(
        details: JSONObject
    ) async throws {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory).filled()
        let rules = try await Self.rules(of: ward)
        let entry = try await ward.record.append(
            RecordDraft(.policy, time: Timestamp(microseconds: 0), state: 0, details: details)
        )
        let restored = try await Self.restored(ward, memory)
        #expect(try await restored.adopted() == .init(choices: 0, rules: 0, missing: entry))
        #expect(try await Self.rules(of: restored) == rules)
        // It is told until the policy is put again.
        #expect(try await restored.hub.governing.missingChange() == entry)
        try await restored.put(Ward.policy(["Visit"], uid: "urn:policy:old"))
        #expect(try await restored.hub.governing.missingChange() == nil)
    }

    /// Its rules may be newer than those of the record.
    @Test func `rules of data that was under another record stay`() async throws {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory).filled()
        let other = try await Ward()
        try await other.classify(["Visit": ["class": "public"]])
        try await other.put(Ward.policy(["Visit"]))
        let restored = try await Self.restored(other, memory)
        let rules = try await Self.rules(of: ward)
        await restored.hub.governing.takeUpRecord()
        #expect(try await Self.rules(of: restored) == rules)
    }

    // MARK: Tenants

    private static let north = TenantName("north")
    private static func inNorth(_ caller: Caller) -> Caller {
        var caller = caller
        caller.tenant = north
        return caller
    }

    /// Fills the tenant with visits of both persons, as an import does.
    private static func fill(_ ward: Ward) async throws {
        for (name, patient) in [("1", Ward.siti), ("2", Ward.budi)] {
            _ = try await ward.hub.writing.createEntity(
                ward.visit(name, of: patient),
                ld: .core,
                caller: inNorth(Ward.boss)
            )
        }
    }

    private static func found(_ ward: Ward) async throws -> [String] {
        try await ward.found("Visit", by: inNorth(Ward.clinic))
    }

    @Test func `a tenant that comes back while the hub runs has its rules and choices`()
        async throws
    {
        let ward = try await Ward()
        let (governing, boss) = (ward.hub.governing, Self.inNorth(Ward.boss))
        try await governing.replaceClassification(Ward.classification, ld: .core, caller: boss)
        _ = try await governing.putPolicy(
            "urn:policy:clinic",
            Ward.policy(),
            ld: .core,
            caller: boss
        )
        try await Self.fill(ward)
        _ = try await governing.makeChoice(
            ["subject": "urn:person:siti", "purpose": "dpv:PublicHealth", "choice": "object"],
            caller: boss
        )
        #expect(try await Self.found(ward) == ["urn:visit:2"])

        let restored = try await Self.restored(ward)
        await restored.hub.governing.takeUpRecord()
        // Somebody has asked for it before.
        await #expect(throws: BrokerError.self) { _ = try await Self.found(restored) }
        try await Self.fill(restored)
        #expect(try await Self.found(restored) == ["urn:visit:2"])
        // What is chosen from then on holds.
        _ = try await restored.hub.governing.makeChoice(
            ["subject": "urn:person:siti", "purpose": "dpv:PublicHealth", "choice": "consent"],
            caller: boss
        )
        #expect(try await Self.found(restored) == ["urn:visit:1", "urn:visit:2"])
    }

    @Test func `a tenant that comes back is for nobody while the record cannot be read`()
        async throws
    {
        let ward = try await Ward().filled()
        await ward.hub.governing.takeUpRecord()
        _ = try await ward.fixture.store.makeTenant(Self.north)
        ward.record.failToRead()
        await #expect(throws: BrokerError.self) { _ = try await Self.found(ward) }
        #expect(try await ward.found("Visit") == ["urn:visit:1", "urn:visit:2"])
        ward.record.failToRead(false)
        #expect(try await Self.found(ward) == [])
    }
}
