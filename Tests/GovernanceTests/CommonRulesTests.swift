import ContextModel
import Governance
import Testing

/// The rules for all tenants as they are written and kept.
@Suite struct CommonRulesTests {
    private func read(_ text: String) throws -> CommonRules {
        let json = try #require(try JSONReader.read(text).objectValue)
        return CommonRules(json) { LDContext.core.expand($0) }
    }

    private static let whole = """
        {"public": {"types": ["Bus", "*"], "scopes": ["/A/#"], "hiddenAttributes": ["plate"],
          "measures": true},
         "permissions": {"office": {"actions": ["read", "write"], "types": ["Bus"]},
          "meter": {"party": "urn:x:meter", "actions": ["measure"]}},
         "prohibitions": {"homes": {"parties": ["office"], "ids": ["urn:x:1"],
          "attributes": ["location"]}}}
        """

    @Test func `what is kept says the same as what was written`() throws {
        let rules = try read(Self.whole)
        #expect(rules.findings.isEmpty)
        #expect(rules.permissions.count == 4 && rules.prohibitions.count == 1)
        let bus = LDContext.core.expand("Bus")
        #expect(
            rules.permissions.contains(
                Permission(
                    assignee: .party(PartyID("office")),
                    actions: [.read, .write],
                    target: .type(bus)
                )
            )
        )
        let kept = CommonRules(rules.source) { IRI($0) }
        #expect(kept == rules && kept.findings.isEmpty)
        #expect(kept.permissions == rules.permissions && kept.prohibitions == rules.prohibitions)
        let written = rules.written { LDContext.core.compact($0) }
        #expect(try read(JSONValue.object(written).text) == rules)
        #expect(JSONValue.object(written).text.contains("\"types\":[\"Bus\""))
    }

    @Test func `no rule covers data about people`() throws {
        #expect(try read(Self.whole).permissions.allSatisfy { $0.purposes.isEmpty })
    }

    /// What is wrong, and the member that is named.
    @Test(arguments: [
        (#"{"open": {}}"#, "open: The member is not understood."),
        (#"{"public": []}"#, "public must be an object."),
        (#"{"public": {"type": ["Bus"]}}"#, "public.type: The member is not understood."),
        (#"{"public": {"types": [7]}}"#, "public.types must be an array of texts."),
        (#"{"public": {"types": [""]}}"#, "public.types must be an array of texts."),
        (#"{"public": {"hiddenAttributes": ["a"]}}"#, "public.hiddenAttributes needs"),
        (#"{"public": {"types": ["*"], "measures": "yes"}}"#, "public.measures must be true"),
        (#"{"public": {"scopes": ["A"]}}"#, "public.scopes: \"A\" must start with \"/\"."),
        (#"{"permissions": {"a": {"actions": ["read"]}}}"#, "permissions.a needs types or scopes"),
        (
            #"{"permissions": {"a": {"actions": ["fly"], "types": ["*"]}}}"#,
            "permissions.a.actions: \"fly\" is not one of"
        ),
        (
            #"{"permissions": {"a": {"party": 1, "types": ["*"]}}}"#,
            "permissions.a.party must be the name of a party."
        ),
        (#"{"prohibitions": {"a": {"types": ["*"]}}}"#, "prohibitions.a.attributes must name"),
        (#"{"prohibitions": {"a": {"attributes": ["x"]}}}"#, "prohibitions.a needs types"),
        (
            #"{"permissions": {"a": {"purpose": "x", "types": ["*"]}}}"#,
            "permissions.a.purpose: The member is not understood."
        ),
    ])
    func `what is not understood is told with its member`(text: String, finding: String) throws {
        let findings = try read(text).findings
        #expect(findings.contains { $0.hasPrefix(finding) }, "\(findings)")
    }
}
