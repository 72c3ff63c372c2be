import ContextModel
import Governance
import Storage
import StorageMemory
import Testing

@testable import Broker

@Suite struct ChoicesTests {
    private static let both = ["urn:visit:1", "urn:visit:2"]
    private static let budis = ["urn:visit:2"]

    @Test func `data about people is for the parties and purposes of a policy`() async throws {
        let ward = try await Ward().filled()
        #expect(try await ward.found("Visit") == Self.both)
        for purpose in ["dpv:Marketing", "dpv:Purpose", "PublicHealthy", nil] {
            let other = Caller(party: Ward.clinic.party, purpose: purpose.map { Purpose($0) })
            #expect(try await ward.found("Visit", by: other) == [], "\(purpose ?? "none")")
        }
        let stranger = Caller(party: .named(PartyID("shop")), purpose: Ward.clinic.purpose)
        for caller in [
            stranger, Caller(party: .anonymous, purpose: Ward.clinic.purpose), Ward.boss,
        ] {
            #expect(try await ward.found("Visit", by: caller) == [], "\(caller)")
        }
    }

    @Test func `a person makes no tenants by choosing`() async throws {
        let ward = try await Ward().filled()
        let choice: JSONValue = [
            "subject": .string(Ward.siti.uri), "purpose": "dpv:PublicHealth", "choice": "object",
        ]
        let somewhere = Caller(
            party: .anonymous,
            subject: Ward.siti,
            tenant: TenantName("somewhere")
        )
        let error = await #expect(throws: BrokerError.self) {
            try await ward.hub.governing.makeChoice(choice, caller: somewhere)
        }
        #expect(error?.code == .nonexistentTenant)
        #expect(await ward.fixture.store.tenantNames.isEmpty)
    }

    @Test func `for a purpose that nobody knows there is public data alone`() async throws {
        let all = [Permission(assignee: .anyone, actions: [.read], target: .everything)]
        let ward = try await Ward(common: all).filled()
        for type in ["Bench", "Depot"] {
            try await ward.make(["id": .string("urn:x:\(type)"), "type": .string(type)])
        }
        for (purpose, sees) in [(nil, true), ("dpv:PublicHealth", true), ("dpv:Gossip", false)] {
            let caller = Caller(party: .anonymous, purpose: purpose.map { Purpose($0) })
            #expect(try await ward.found("Bench", by: caller) == ["urn:x:Bench"])
            // Nobody has classified it, so it is internal.
            #expect(try await ward.found("Depot", by: caller) == (sees ? ["urn:x:Depot"] : []))
        }
    }

    @Test func `a rule without purposes covers nothing about people, whoever asks`() async throws {
        let all = [Permission(assignee: .anyone, actions: [.read], target: .everything)]
        let ward = try await Ward(common: all).filled()
        let shop = Caller(party: .named(PartyID("shop")), purpose: Ward.clinic.purpose)
        #expect(try await ward.found("Visit", by: shop) == [])
        #expect(try await ward.found("Visit") == Self.both)
    }

    @Test(arguments: [false, true])
    func `an objection takes effect at once, until there is consent`(onDisk: Bool) async throws {
        let ward = try await Ward(onDisk: onDisk).filled()
        try await ward.choose("object")
        #expect(try await ward.found("Visit") == Self.budis)
        try await ward.choose("consent")
        #expect(try await ward.found("Visit") == Self.both)
        try await ward.choose("withdraw")
        #expect(try await ward.found("Visit") == Self.budis)
    }

    /// What is asked for, what the objection is about, and whether it prevents the reading.
    @Test(
        arguments: [
            ("PublicHealth", "PublicHealth", true), ("PublicHealth", "Marketing", false),
            ("PublicHealth", "PublicPolicyMaking", false), ("PublicHealth", "PublicBenefit", true),
            ("PublicHealth", "Purpose", true), ("PublicBenefit", "PublicHealth", true),
            ("PublicBenefit", "Marketing", false),
        ]
    )
    func `an objection is about its purpose, and those wider or narrower`(
        asked: String,
        chosen: String,
        hides: Bool
    ) async throws {
        let ward = try await Ward().filled()
        let wide = "https://w3id.org/dpv#PublicBenefit"
        try await ward.put(Ward.policy(uid: "urn:policy:wide", purpose: wide))
        let caller = Caller(party: Ward.clinic.party, purpose: Purpose("dpv:" + asked))
        #expect(try await ward.found("Visit", by: caller) == Self.both)
        try await ward.choose("object", purpose: "dpv:" + chosen)
        #expect(try await ward.found("Visit", by: caller) == (hides ? Self.budis : Self.both))
    }

    @Test func `a consent is about its purpose and what is a part of it, and nothing wider`()
        async throws
    {
        let ward = try await Ward().filled()
        let wide = "https://w3id.org/dpv#PublicBenefit"
        try await ward.put(Ward.policy(uid: "urn:policy:wide", purpose: wide))
        try await ward.make([
            "id": "urn:test:1", "type": "Test", "patient": .string(Ward.siti.uri),
        ])
        func found(_ purpose: String) async throws -> Int {
            let caller = Caller(party: Ward.clinic.party, purpose: Purpose("dpv:" + purpose))
            return try await ward.found("Test", by: caller).count
        }
        try await ward.choose("consent", purpose: "dpv:PublicHealth")
        #expect(try await found("PublicHealth") == 1)
        #expect(try await found("PublicBenefit") == 0)
        try await ward.choose("consent", purpose: "dpv:PublicBenefit")
        #expect(try await found("PublicBenefit") == 1)
        // A part that is objected to takes the whole with it.
        try await ward.choose("object", purpose: "dpv:PublicHealth")
        #expect(try await found("PublicBenefit") == 0)
        #expect(try await found("PublicPolicyMaking") == 1)
    }

    @Test func `an objection to one recipient leaves the others`() async throws {
        let ward = try await Ward().filled()
        try await ward.choose("object", recipient: "urn:balai:party:shop")
        #expect(try await ward.found("Visit") == Self.both)
        try await ward.choose("object", recipient: "urn:balai:party:clinic")
        #expect(try await ward.found("Visit") == Self.budis)
    }

    @Test func `sensitive data needs the consent of everybody whom it is about`() async throws {
        let ward = try await Ward().filled()
        try await ward.make([
            "id": "urn:test:1", "type": "Test", "patient": .string(Ward.siti.uri),
            "doctor": .string(Ward.budi.uri),
        ])
        #expect(try await ward.found("Test") == [])
        try await ward.choose("consent", Ward.siti)
        #expect(try await ward.found("Test") == [])
        try await ward.choose("consent", Ward.budi)
        #expect(try await ward.found("Test") == ["urn:test:1"])
        try await ward.choose("withdraw", Ward.budi)
        #expect(try await ward.found("Test") == [])
    }

    @Test func `an entity that should name a person and names none is for nobody`() async throws {
        let ward = try await Ward().filled()
        try await ward.make(["id": "urn:visit:3", "type": "Visit", "ward": "north"])
        try await ward.make(["id": "urn:visit:4", "type": "Visit", "patient": 7])
        #expect(try await ward.found("Visit") == Self.both)
    }

    @Test func `an attribute about a person is hidden in public entities`() async throws {
        let ward = try await Ward(common: [
            Permission(assignee: .anyone, actions: [.read], target: .everything)
        ]).filled()
        try await ward.make([
            "id": "urn:bike:1", "type": "Bike", "rider": .string(Ward.siti.uri),
            "phone": "canary", "gear": 3,
        ])
        func names(_ caller: Caller) async throws -> Set<String> {
            let bike = try await ward.hub.reading.retrieveEntity(
                EntityID("urn:bike:1"),
                caller: caller
            ).entity.decoded()
            return Set(bike.attributes.map { LDContext.core.compact($0.name) })
        }
        #expect(try await names(Caller(party: .anonymous)) == ["gear"])
        #expect(try await names(Ward.boss) == ["gear"])
        #expect(try await names(Ward.clinic) == ["rider", "phone", "gear"])
        try await ward.choose("object")
        #expect(try await names(Ward.clinic) == ["gear"])
        let phone = LDContext.core.expand("phone")
        let query = EntityQuery(condition: .attribute(phone), limit: 10)
        let page = try await ward.hub.reading.queryEntities(query, caller: Ward.clinic).page
        #expect(page.entities.isEmpty)
    }

    @Test func `a history is hidden if anybody whom it was ever about objects`() async throws {
        let ward = try await Ward().filled()
        let id = EntityID("urn:visit:2")
        _ = try await ward.hub.writing.updateAttributes(
            of: id,
            ["patient": ["type": "Relationship", "object": .string(Ward.siti.uri)]],
            ld: .core,
            caller: Ward.boss
        )
        func histories() async throws -> [String] {
            let query = TemporalQuery(
                condition: .type(LDContext.core.expand("Visit")),
                timeProperty: .modifiedAt,
                instanceLimit: 100,
                limit: 100
            )
            return try await ward.hub.reading.queryEvolutions(query, caller: Ward.clinic)
                .evolutions.map(\.id.uri)
        }
        #expect(try await histories() == Self.both)
        try await ward.choose("object", Ward.budi)
        #expect(try await histories() == ["urn:visit:1"])
        #expect(try await ward.found("Visit") == Self.both)
        try await ward.hub.writing.deleteEntity(EntityID("urn:visit:1"), caller: Ward.boss)
        #expect(try await histories() == ["urn:visit:1"])
        try await ward.choose("object", Ward.siti)
        #expect(try await histories() == [])
    }

    @Test func `a subscriber is not notified after an objection`() async throws {
        let ward = try await Ward().filled()
        try await ward.fixture.subscribe(
            ["entities": [["type": "Visit"]]],
            caller: Ward.clinic
        )
        try await ward.make(ward.visit("3", of: Ward.siti))
        try await ward.make(ward.visit("4", of: Ward.budi))
        // Waiting messages are decided when they are sent.
        try await ward.choose("object", Ward.siti)
        try await ward.fixture.delivering {
            let told = await ward.fixture.recorder.next(1).flatMap(\.entities)
            #expect(told.map { $0["id"]?.stringValue } == ["urn:visit:4"])
            try await ward.make(ward.visit("5", of: Ward.siti))
            try await ward.make(ward.visit("6", of: Ward.budi))
            let later = await ward.fixture.recorder.next(1).flatMap(\.entities)
            #expect(later.map { $0["id"]?.stringValue } == ["urn:visit:6"])
        }
    }

    @Test func `a choice reaches the other processes of the hub`() async throws {
        let memory = SharedMemory()
        let first = try await Ward(memory: memory, process: "a").filled()
        let second = try await Ward(memory: memory, process: "b")
        #expect(try await second.found("Visit") == Self.both)
        try await first.choose("object")
        let start = ContinuousClock.now
        while try await second.found("Visit") != Self.budis {
            try #require(.now - start < .seconds(1))
            await Task.yield()
        }
    }

    @Test(arguments: [Document.Kind.classification, .dataPolicy, .choices])
    func `nobody reads where what is known of rights is damaged`(kind: Document.Kind) async throws {
        let memory = SharedMemory()
        let all = [Permission(assignee: .anyone, actions: [.read], target: .everything)]
        let first = try await Ward(memory: memory, process: "a", common: all).filled()
        try await first.make(["id": "urn:bench:1", "type": "Bench"])
        let store = try await first.hub.access.existingStore(nil)
        _ = try await store.changeFollowedDocuments(reading: []) { changes in
            changes.put(Document(kind: kind, id: "urn:damaged", body: [0x7B]))
        }
        let second = try await Ward(memory: memory, process: "b", common: all)
        for caller in [Ward.clinic, Ward.boss, Caller(party: .anonymous)] {
            for type in ["Bench", "Visit"] {
                await #expect(throws: (any Error).self) {
                    _ = try await second.found(type, by: caller)
                }
            }
        }
    }

    @Test func `a choice that is not wholly understood is refused`() async throws {
        let ward = try await Ward().filled()
        let good: JSONObject = [
            "subject": .string(Ward.siti.uri), "purpose": "dpv:PublicHealth", "choice": "object",
        ]
        let siti = Caller(party: .anonymous, subject: Ward.siti)
        for (member, value) in [
            ("subject", "siti"), ("purpose", "dpv:PublicHealthy"), ("choice", "maybe"),
            ("recipient", "clinic"), ("until", "2027"),
        ] as [(String, JSONValue)] {
            var bad = good
            bad[member] = value
            let refused = await #expect(throws: BrokerError.self) {
                _ = try await ward.hub.governing.makeChoice(.object(bad), caller: siti)
            }
            #expect(refused?.code == .badRequestData && refused?.detail.hasPrefix(member) == true)
        }
        for (caller, code) in [
            (Caller(party: .anonymous), BrokerError.Code.unauthenticated),
            (Ward.clinic, .forbidden),
            (Caller(party: .anonymous, subject: Ward.budi), .unauthenticated),
        ] {
            let refused = await #expect(throws: BrokerError.self) {
                _ = try await ward.hub.governing.makeChoice(.object(good), caller: caller)
            }
            #expect(refused?.code == code)
        }
        #expect(try await ward.found("Visit") == Self.both)
    }
}
