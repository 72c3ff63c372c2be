import ContextModel
import Testing

@testable import HubNetwork

/// Which objects of STIX are taken: those that are wholly understood.
struct STIXObjectTests {
    private static func object(_ changes: [String: JSONValue?]) -> JSONValue {
        var object = SampleReport.sighting()
        for (name, value) in changes { object[name] = value }
        return .object(object)
    }

    @Test("what cities tell each other is understood")
    func taken() throws {
        let sighting = try STIXObject(Self.object(["count": 3, "confidence": 80]))
        #expect(sighting.type == "sighting" && sighting.version == SampleHub.moment)
        #expect(!sighting.isRevoked && sighting.claim == nil)
        let tlp = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
        for json in [
            """
            {"type": "indicator", "spec_version": "2.1", "id": "\(SampleReport.indicator)",
             "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
             "pattern": "[url:value = 'http://x.example/']", "pattern_type": "stix",
             "valid_from": "2026-01-01T00:00:00Z", "object_marking_refs": ["\(tlp)"],
             "external_references": [{"source_name": "cve", "external_id": "CVE-2026-1"}],
             "kill_chain_phases": [{"kill_chain_name": "x", "phase_name": "y"}]}
            """,
            """
            {"type": "identity", "spec_version": "2.1",
             "id": "identity--165bea92-fa7a-4b01-81e7-553376045ad1", "name": "CSIRT of Phuket",
             "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
             "identity_class": "organization"}
            """,
        ] { _ = try STIXObject(try JSONReader.read(Array(json.utf8))) }
    }

    @Test(
        "what is malformed, unknown, about persons or not to be passed on is refused",
        arguments: [
            ["spec_version": "2.0"], ["spec_version": nil], ["type": "indicator"], ["type": "x-a"],
            ["id": "sighting--1"], ["id": "indicator--b0702b4c-3b34-4dd5-83a4-3e5c9fb6c286"],
            ["id": "sighting--B0702B4C-3B34-4DD5-83A4-3E5C9FB6C286"], ["id": nil],
            ["modified": "yesterday"], ["modified": nil], ["modified": "2020-01-01T00:00:00Z"],
            ["sighting_of_ref": nil], ["sighting_of_ref": "indicator"],
            ["sighting_of_ref": "sighting--b0702b4c-3b34-4dd5-83a4-3e5c9fb6c286"],
            ["count": -1], ["count": "3"], ["confidence": 101], ["revoked": "true"],
            ["labels": []], ["labels": [""]], ["x_custom": 1], ["description": ""],
            ["object_marking_refs": ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]],
            ["granular_markings": []],
            ["extensions": ["extension-definition--b0702b4c-3b34-4dd5-83a4-3e5c9fb6c286": [:]]],
            ["last_seen": "2020-01-01T00:00:00Z", "first_seen": "2021-01-01T00:00:00Z"],
            ["where_sighted_refs": ["indicator--b0702b4c-3b34-4dd5-83a4-3e5c9fb6c286"]],
        ] as [[String: JSONValue?]]
    )
    func refused(_ changes: [String: JSONValue?]) {
        #expect(throws: STIXError.self) { try STIXObject(Self.object(changes)) }
    }

    @Test("an individual is nobody whom cities tell of")
    func individual() throws {
        let identity: JSONObject = [
            "type": "identity", "spec_version": "2.1", "name": "Somchai",
            "id": "identity--165bea92-fa7a-4b01-81e7-553376045ad1",
            "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
        ]
        _ = try STIXObject(.object(identity))
        for (name, value) in [("identity_class", "individual"), ("contact_information", "+66")] {
            var other = identity
            other[name] = .string(value)
            #expect(throws: STIXError.self) { try STIXObject(.object(other)) }
        }
    }

    @Test("an object that is too long is refused, and one that is no object")
    func long() {
        let text = String(repeating: "x", count: STIXObject.maximumBytes)
        #expect(throws: STIXError.self) {
            try STIXObject(Self.object(["description": .string(text)]))
        }
        #expect(throws: STIXError.self) { try STIXObject(["sighting"]) }
    }

    @Test(
        "what it wants suspended is one of three kinds, said by a sighting",
        arguments: [
            ["kind": "member"], ["kind": "member", "hub": "urn:balai:hub:x"], ["kind": "city"],
            "member", [:],
        ] as [JSONValue]
    )
    func subjects(_ subject: JSONValue) {
        let claim: JSONValue = ["extension_type": "property-extension", "subject": subject]
        #expect(throws: STIXError.self) {
            try STIXObject(Self.object(["extensions": [STIXClaim.extensionID: claim]]))
        }
    }

    @Test("subjects are read as they are written, and have names of their own")
    func written() throws {
        let hub = MemberID(firstKey: MemberKey().id)
        let subjects = [
            ReportedSubject(.member, hub), ReportedSubject(.key, hub, "a"),
            ReportedSubject(.subscription, hub, "a"),
            ReportedSubject(.member, MemberID(firstKey: MemberKey().id)),
        ]
        for subject in subjects {
            #expect(try ReportedSubject(.object(subject.json)) == subject)
            let object = try STIXObject(.object(SampleReport.sighting(subject: subject)))
            #expect(object.claim?.subject == subject)
        }
        #expect(Set(subjects.map(\.name)).count == subjects.count)
        for wrong: JSONValue in [
            ["kind": "member", "hub": .string(hub.text), "id": "a"],
            ["kind": "key", "hub": .string(hub.text)],
            ["kind": "key", "hub": .string(hub.text), "id": ""],
            ["kind": "key", "hub": .string(hub.text), "id": "a", "more": 1],
        ] { #expect(throws: STIXError.self) { try ReportedSubject(wrong) } }
    }
}
