import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite struct PolicyPreviewTests {
    private func preview(
        _ ward: Ward,
        _ policy: JSONValue,
        by caller: Caller = Ward.boss
    ) async throws -> JSONObject {
        try await ward.hub.governing.previewPolicy(policy, ld: .core, caller: caller)
    }

    private func differences(_ preview: JSONObject) -> [JSONObject] {
        preview["differences"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    @Test func `a new policy shows who gains what, and changes nothing`() async throws {
        let ward = try await Ward().filled()
        try await ward.make(["id": "urn:bench:1", "type": "Bench", "seats": 3])
        let policy = Ward.policy(["Bench"], uid: "urn:policy:bench", purpose: nil)
        let before = try await ward.found("Bench")
        let shown = try await preview(ward, policy)
        #expect(shown["change"] == "new" && shown["isComplete"] == true)
        let gains = differences(shown)
        #expect(!gains.isEmpty && gains.allSatisfy { $0["effect"] == "gains" })
        #expect(gains.allSatisfy { $0["parties"] == ["urn:balai:party:clinic"] })
        #expect(gains.allSatisfy { $0["what"] == ["Bench"] })
        let example = gains.compactMap { $0["example"]?.objectValue }.first
        #expect(example?["id"] == "urn:bench:1" && example?["attributes"] == ["seats"])
        #expect(try await ward.found("Bench") == before)
        try await ward.put(policy)
        #expect(try await ward.found("Bench") == ["urn:bench:1"])
        #expect(differences(try await preview(ward, policy)).isEmpty)
    }

    /// Whoever governs may not read data about people: nor does a preview show them a person.
    @Test func `an example of data about people is a rough count`() async throws {
        let ward = try await Ward().filled()
        let policy = Ward.policy(["Visit"], uid: "urn:policy:ads", purpose: "dpv:Marketing")
        let shown = try await preview(ward, policy)
        #expect(!differences(shown).isEmpty)
        let text = JSONValue.object(shown).text
        for secret in [Ward.siti.uri, Ward.budi.uri, "urn:visit:", "canary"] {
            #expect(!text.contains(secret))
        }
        let counts = differences(shown).compactMap { $0["example"]?.objectValue?["count"] }
        #expect(counts.contains("fewer than 10"))
    }

    @Test func `putting a policy out of force shows who loses what`() async throws {
        let ward = try await Ward().filled()
        let shown = try await ward.hub.governing.previewDeletion(
            of: "urn:policy:clinic",
            ld: .core,
            caller: Ward.boss
        )
        #expect(shown["change"] == "deleted")
        let losses = differences(shown)
        #expect(!losses.isEmpty && losses.allSatisfy { $0["effect"] == "loses" })
        #expect(
            losses.contains { $0["purposes"]?.arrayValue?.contains("dpv:PublicHealth") == true }
        )
        #expect(try await ward.found("Visit").count == 2)
    }

    @Test func `what is not understood is refused, and so is who may not govern`() async throws {
        let ward = try await Ward().filled()
        let bad = Ward.policy(constraints: [
            ["leftOperand": "mood", "operator": "eq", "rightOperand": "good"]
        ])
        let unread = await #expect(throws: BrokerError.self) {
            _ = try await preview(ward, bad)
        }
        let unmade = await #expect(throws: BrokerError.self) { try await ward.put(bad) }
        for refused in [unread, unmade] {
            #expect(refused?.code == .badRequestData)
            #expect(refused?.detail.hasPrefix("permission[0].constraint[0].leftOperand") == true)
        }
        await #expect(throws: BrokerError.self) {
            _ = try await preview(ward, Ward.policy(), by: Ward.clinic)
        }
        await #expect(throws: BrokerError.self) {
            _ = try await ward.hub.governing.previewDeletion(
                of: "urn:policy:unknown",
                ld: .core,
                caller: Ward.boss
            )
        }
        #expect(try await ward.found("Visit").count == 2)
    }
}
