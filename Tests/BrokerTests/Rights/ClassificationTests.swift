import ContextModel
import Governance
import Storage
import StoreDoubles
import Testing

@testable import Broker

/// What a classification says beside the four classes: classes of the tenant's own, how long histories are
/// kept, and who decides.
@Suite struct ClassificationTests {
    private static let classes: JSONValue = [
        "confidential": [
            "above": "internal", "grant": "purpose", "record": "counted", "choice": "none",
        ],
        "staff": [
            "above": "confidential", "grant": "purpose", "record": "logged", "choice": "objection",
        ],
        "health": [
            "above": "personal", "grant": "purpose", "record": "logged", "choice": "consent",
        ],
    ]

    private static let classification: JSONValue = [
        "@classes": classes,
        "Plan": ["class": "confidential", "controller": "dpv:NationalAuthority"],
        "Shift": ["class": "staff", "subject": "worker", "retention": "P30D"],
        "Scan": ["class": "health", "subject": "patient", "retention": "P2Y"],
    ]

    private static func policy(_ purpose: String?) -> JSONValue {
        Ward.policy(["Plan", "Shift", "Scan"], uid: "urn:policy:own", purpose: purpose)
    }

    private func ward(_ purpose: String? = "dpv:PublicHealth") async throws -> Ward {
        let ward = try await Ward()
        try await ward.classify(Self.classification)
        try await ward.put(Self.policy(purpose))
        let siti: JSONValue = ["type": "Relationship", "object": .string(Ward.siti.uri)]
        try await ward.make(["id": "urn:plan:1", "type": "Plan", "text": "x"])
        try await ward.make(["id": "urn:shift:1", "type": "Shift", "worker": siti])
        try await ward.make(["id": "urn:scan:1", "type": "Scan", "patient": siti])
        return ward
    }

    @Test func `a class of one's own needs what it says`() async throws {
        let ward = try await ward()
        let size = ward.record.size
        #expect(try await ward.found("Plan") == ["urn:plan:1"])
        // What is counted has no entry.
        #expect(ward.record.size == size)
        #expect(try await ward.found("Shift") == ["urn:shift:1"])
        #expect(ward.record.size == size + 1)
        #expect(try await ward.found("Scan") == [])
        try await ward.choose("consent")
        #expect(try await ward.found("Scan") == ["urn:scan:1"])
        try await ward.choose("object")
        #expect(try await ward.found("Scan") == [])
        #expect(try await ward.found("Shift") == [])
        try await ward.choose("consent")
        #expect(try await ward.found("Shift") == ["urn:shift:1"])
        let other = Caller(party: Ward.clinic.party)
        for type in ["Plan", "Shift", "Scan"] {
            #expect(try await ward.found(type, by: other) == [])
            #expect(try await ward.found(type, by: Ward.boss) == [])
        }
    }

    @Test func `without a purpose no permission covers what needs one`() async throws {
        let ward = try await ward(nil)
        for type in ["Plan", "Shift", "Scan"] { #expect(try await ward.found(type) == []) }
    }

    @Test func `policies may name the classes, and no others`() async throws {
        let ward = try await ward()
        func rule(_ word: String) -> JSONValue {
            Ward.policy(
                ["Plan", "Shift"],
                uid: "urn:policy:ban",
                purpose: nil,
                constraints: [
                    ["leftOperand": "class", "operator": "gteq", "rightOperand": .string(word)]
                ],
                rule: "prohibition"
            )
        }
        try await ward.put(rule("staff"))
        #expect(try await ward.found("Plan") == ["urn:plan:1"])
        #expect(try await ward.found("Shift") == [])
        try await ward.put(rule("confidential"))
        #expect(try await ward.found("Plan") == [])
        let refused = await #expect(throws: BrokerError.self) { try await ward.put(rule("secret")) }
        #expect(refused?.detail.contains("constraint[0].rightOperand: 'secret'") == true)
        // A class that is taken away leaves the prohibition standing, for everything.
        try await ward.classify(["Plan": ["class": "public"]])
        #expect(try await ward.found("Plan") == [])
    }

    @Test func `what is kept says the same, and is shown as it was written`() async throws {
        let ward = try await ward()
        let shown = try await ward.hub.governing.classification(ld: .core, caller: Ward.clinic)
        #expect(JSONValue.object(shown) == Self.classification)
        try await ward.classify(.object(shown))
        let again = try await ward.hub.governing.classification(ld: .core, caller: Ward.clinic)
        #expect(again == shown)
    }

    /// What is wrong, and the member that the refusal names.
    @Test(arguments: [
        (#"{"Visit": {"class": "secret"}}"#, "Visit.class"),
        (#"{"Visit": {"class": "public", "retention": "PT1S"}}"#, "Visit.retention"),
        (#"{"Visit": {"class": "public", "retention": 30}}"#, "Visit.retention"),
        (#"{"Visit": {"class": "public", "controller": "dpv:Marketing"}}"#, "Visit.controller"),
        (#"{"Visit": {"class": "public", "keep": "P1D"}}"#, "Visit.keep"),
        (#"{"@classes": []}"#, "@classes"),
        (
            #"{"@classes": {"a": {"above": "public", "grant": "any", "record": "counted"}}}"#,
            "@classes.a.choice"
        ),
        (
            #"{"@classes": {"a": {"above": "public", "grant": "any", "record": "counted", "choice": "none", "x": 1}}}"#,
            "@classes.a.x"
        ),
        (
            #"{"@classes": {"A b": {"above": "public", "grant": "any", "record": "counted", "choice": "none"}}}"#,
            "@classes.A b"
        ),
        (
            #"{"@classes": {"a": {"above": "public", "grant": "any", "record": "logged", "choice": "none"}}}"#,
            "@classes.a"
        ),
        (
            #"{"@classes": {"a": {"above": "internal", "grant": "purpose", "record": "logged", "choice": "none"}}}"#,
            "@classes.a"
        ),
        (
            #"{"@classes": {"a": {"above": "personal", "grant": "any", "record": "counted", "choice": "none"}}}"#,
            "@classes.a"
        ),
        (
            #"{"@classes": {"a": {"above": "internal", "grant": "purpose", "record": "logged", "choice": "objection"}}, "Visit": {"class": "a"}}"#,
            "Visit.subject"
        ),
    ])
    func `what is not understood is refused, and changes nothing`(
        text: String,
        member: String
    ) async throws {
        let ward = try await ward()
        let refused = await #expect(throws: BrokerError.self) {
            try await ward.classify(try JSONReader.read(text))
        }
        #expect(refused?.detail.hasPrefix(member + ":") == true, "\(refused?.detail ?? "")")
        let shown = try await ward.hub.governing.classification(ld: .core, caller: Ward.clinic)
        #expect(JSONValue.object(shown) == Self.classification)
    }

    @Test func `retention is told to what removes old history`() async throws {
        let rules = try await ward().hub.governing.retention(of: nil)
        #expect(rules.map(\.type) == ["Shift", "Scan"].map { LDContext.core.expand($0) })
        #expect(rules[0].ageMicroseconds == 30 * 86_400_000_000)
        #expect(rules.allSatisfy { $0.effect == .remove })
    }

    // MARK: Preview

    private func differences(
        _ ward: Ward,
        _ classification: JSONValue
    ) async throws -> [JSONObject] {
        let shown = try await ward.hub.governing.previewClassification(
            classification,
            ld: .core,
            caller: Ward.boss
        )
        #expect(shown["change"] == "classification")
        return shown["differences"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    @Test func `a preview says who could newly read what`() async throws {
        let ward = try await Ward(common: [
            Permission(assignee: .anyone, actions: [.read, .subscribe], target: .everything)
        ]).filled()
        #expect(try await differences(ward, Ward.classification).isEmpty)
        var lower = try #require(Ward.classification.objectValue)
        lower["Visit"] = ["class": "internal"]
        let gains = try await differences(ward, .object(lower))
        #expect(gains.contains { $0["effect"] == "gains" && $0["what"] == ["Visit"] })
        #expect(gains.allSatisfy { $0["what"] == ["Visit"] })
        #expect(
            gains.contains { $0["parties"]?.arrayValue?.contains("anonymous") == true }
        )
        // Nothing has changed yet.
        let anybody = Caller(party: .anonymous)
        #expect(try await ward.found("Visit", by: anybody) == [])
        try await ward.classify(.object(lower))
        #expect(try await ward.found("Visit", by: anybody).count == 2)
        let losses = try await differences(ward, Ward.classification)
        #expect(losses.contains { $0["effect"] == "loses" && $0["what"] == ["Visit"] })
    }

    @Test func `to need consent is a loss, and nothing else`() async throws {
        let ward = try await Ward().filled()
        var higher = try #require(Ward.classification.objectValue)
        higher["Visit"] = ["class": "sensitive", "subject": "patient"]
        let found = try await differences(ward, .object(higher))
        #expect(!found.isEmpty && found.allSatisfy { $0["effect"] == "loses" })
        #expect(found.allSatisfy { $0["parties"] == ["urn:balai:party:clinic"] })
    }
}
