import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Testing

@testable import Broker

/// A hub with visits of patients, which a clinic may read for public health.
final class Ward: Sendable {
    let fixture: SubscriptionFixture
    let record: RecordDouble
    var hub: Hub { fixture.hub }

    static let boss = SubscriptionFixture.boss
    static let clinic = Caller(
        party: .named(PartyID("clinic")),
        purpose: Purpose("dpv:PublicHealth")
    )
    static let siti = SubjectID("urn:person:siti")
    static let budi = SubjectID("urn:person:budi")

    static let classification: JSONValue = [
        "Visit": ["class": "personal", "subject": "patient", "attributes": ["ward": "internal"]],
        "Bench": ["class": "public"],
        "Bike": [
            "class": "public", "subject": "rider", "attributes": ["phone": "personal"],
        ],
        "Test": ["class": "sensitive", "subject": ["patient", "doctor"]],
        "Person": ["class": "personal", "subject": "id"],
    ]

    static func policy(
        _ types: [String] = ["Visit", "Test", "Bike", "Person"],
        uid: String = "urn:policy:clinic",
        purpose: String? = "https://w3id.org/dpv#PublicHealth",
        constraints: [JSONValue] = [],
        rule: String = "permission",
        action: String = "read",
        party: String = "urn:balai:party:clinic"
    ) -> JSONValue {
        var all = constraints
        if let purpose {
            all.append([
                "leftOperand": "purpose", "operator": "eq", "rightOperand": .string(purpose),
            ])
        }
        let one: JSONValue = [
            "action": .string(action), "assignee": .string(party),
            "target": .array(types.map { .string($0) }), "constraint": .array(all),
        ]
        return [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": .string(uid),
            .init(stringLiteral: rule): [one],
        ]
    }

    init(
        memory: SharedMemory = SharedMemory(),
        process: String = "hub",
        common: [Permission] = [],
        hubLimits: HubLimits = HubLimits(),
        now: (@Sendable () -> Timestamp)? = nil,
        randomBits: (@Sendable () -> UInt64)? = nil,
        onDisk: Bool = false,
        sourceClient: (any SourceClient)? = nil,
        record: RecordDouble = RecordDouble()
    ) async throws {
        self.record = record
        fixture = try await SubscriptionFixture(
            policy: Policy(permissions: common),
            hubLimits: hubLimits,
            onDisk: onDisk,
            memory: memory,
            process: process,
            record: record,
            sourceClient: sourceClient,
            now: now,
            randomBits: randomBits
        )
    }

    /// With the classification, the clinic's policy, and a visit of each person.
    func filled() async throws -> Ward {
        try await classify()
        try await put(Self.policy())
        for (name, patient) in [("1", Self.siti), ("2", Self.budi)] {
            try await make(visit(name, of: patient))
        }
        return self
    }

    func classify(_ body: JSONValue = Ward.classification) async throws {
        try await hub.governing.replaceClassification(body, ld: .core, caller: Self.boss)
    }

    func put(_ policy: JSONValue) async throws {
        let id = try #require(policy.objectValue?["uid"]?.stringValue)
        _ = try await hub.governing.putPolicy(id, policy, ld: .core, caller: Self.boss)
    }

    func visit(_ name: String, of patient: SubjectID, ward: String = "north") -> JSONValue {
        [
            "id": .string("urn:visit:" + name), "type": "Visit",
            "patient": ["type": "Relationship", "object": .string(patient.uri)],
            "ward": .string(ward), "reason": .string("canary of \(patient.uri)"),
        ]
    }

    func make(_ entity: JSONValue) async throws {
        _ = try await hub.writing.createEntity(entity, ld: .core, caller: Self.boss)
    }

    @discardableResult
    func choose(
        _ choice: String,
        _ subject: SubjectID = Ward.siti,
        purpose: String = "dpv:PublicHealth",
        recipient: JSONValue = .null
    ) async throws -> JSONObject {
        try await hub.governing.makeChoice(
            [
                "subject": .string(subject.uri), "purpose": .string(purpose),
                "recipient": recipient, "choice": .string(choice),
            ],
            caller: Caller(party: .anonymous, subject: subject)
        )
    }

    /// The identifiers of the entities of a type that the caller finds.
    func found(_ type: String, by caller: Caller = Ward.clinic) async throws -> [String] {
        let query = EntityQuery(condition: .type(LDContext.core.expand(type)), limit: 100)
        return try await hub.reading.queryEntities(query, caller: caller).page.decoded().entities
            .map(\.id.uri)
    }
}
