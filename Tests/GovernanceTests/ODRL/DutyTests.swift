import ContextModel
import Governance
import Storage
import Testing

/// Duties of permissions that say how values are shown, and of how many people a group has.
@Suite struct DutyTests {
    private func policy(_ duty: String, _ action: String = "read") throws -> DataPolicy {
        try PolicyWorld.read(
            try JSONReader.read(
                """
                {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:p",
                 "permission": [{"action": "\(action)", "target": "Bus", "duty": \(duty)}]}
                """
            )
        )
    }

    private static func duty(_ action: String, _ left: String, _ right: String) -> String {
        """
        {"action": {"rdf:value": {"@id": "\(action)"}, "refinement": {"leftOperand": "\(left)",
         "operator": "eq", "rightOperand": \(right)}}, "target": ["speed", "location"]}
        """
    }

    @Test(arguments: [
        (duty("round", "step", "10"), "10"), (duty("round", "step", "0.50"), "0.5"),
        (duty("balai:round", "balai:step", #"{"@value": 2, "@type": "xsd:integer"}"#), "2"),
    ])
    func `a duty to round has a step`(duty: String, step: String) throws {
        let rules = try policy(duty).prohibitions
        #expect(rules.count == 1 && rules[0].attributes.count == 2)
        guard case .round(let found) = rules[0].shaping else {
            Issue.record("\(rules)")
            return
        }
        #expect(found.text == step)
    }

    @Test func `a place is coarsened, and what is new delayed`() throws {
        let all = try policy(
            """
            [\(Self.duty("coarsen", "metres", "500")), \(Self.duty("delay", "delayPeriod", "\"PT10M\"")),
             {"action": "drop", "target": "plate"}]
            """
        )
        let shapings = Set(all.prohibitions.map(\.shaping))
        #expect(
            shapings == [.coarsen(.metres(500)), .delay(microseconds: 600_000_000), nil]
        )
        let other = try policy(Self.duty("coarsen", "decimals", "3"))
        #expect(other.prohibitions.map(\.shaping) == [.coarsen(.decimals(3))])
    }

    /// What is wrong, and the member that the refusal names.
    @Test(arguments: [
        (#"{"action": "round", "target": "x"}"#, "action"),
        (#"{"action": "blur", "target": "x"}"#, "action"),
        (duty("round", "step", "0"), "action.refinement[0].rightOperand"),
        (duty("round", "step", "-5"), "action.refinement[0].rightOperand"),
        (duty("round", "step", "\"10\""), "action.refinement[0].rightOperand"),
        (duty("round", "grid", "10"), "action.refinement[0].leftOperand"),
        (duty("coarsen", "metres", "1"), "action.refinement[0].rightOperand"),
        (duty("coarsen", "metres", "10.5"), "action.refinement[0].rightOperand"),
        (duty("coarsen", "decimals", "9"), "action.refinement[0].rightOperand"),
        (duty("delay", "delayPeriod", "\"P1M\""), "action.refinement[0].rightOperand"),
        (duty("delay", "delayPeriod", "\"PT0S\""), "action.refinement[0].rightOperand"),
        (duty("delay", "delayPeriod", "\"soon\""), "action.refinement[0].rightOperand"),
        (duty("drop", "step", "1"), "action.refinement[0].rightOperand"),
        (
            duty("round", "step", "10").replacing("\"eq\"", with: "\"lt\""),
            "action.refinement[0].operator"
        ),
        (
            #"{"action": {"rdf:value": "round", "note": 1}, "target": "x"}"#, "action.note"
        ),
        (
            #"{"action": {"rdf:value": "round", "refinement": []}, "target": "x"}"#,
            "action.refinement"
        ),
        (
            duty("round", "step", "10").replacing(#", "target": ["speed", "location"]"#, with: ""),
            "target"
        ),
        (#"{"action": "kThreshold"}"#, "action"),
    ])
    func `a duty that is not wholly understood is refused`(duty: String, member: String) {
        let refused = #expect(throws: PolicyError.self) { _ = try policy(duty) }
        #expect(refused?.member == "permission[0].duty[0]." + member)
    }

    @Test func `what is shaped may not depend on what attributes hold`() {
        let rule: JSONObject = [
            "action": "read", "target": "Bus",
            "constraint": PolicyWorld.constraint("attribute:speed", "gt", 50),
            "duty": [
                "action": [
                    "rdf:value": "round",
                    "refinement": PolicyWorld.constraint("step", "eq", 10),
                ],
                "target": "speed",
            ],
        ]
        let refused = #expect(throws: PolicyError.self) {
            _ = try PolicyWorld.read(PolicyWorld.policy(rule))
        }
        #expect(refused?.member == "permission[0].duty")
    }

    @Test func `groups are of statistics alone`() throws {
        let duty = Self.duty("kThreshold", "count", "10")
            .replacing(#", "target": ["speed", "location"]"#, with: "")
        let rule = try #require(try policy(duty, "aggregate").permissions.first)
        #expect(rule.smallestGroup == 10)
        for action in ["read", "use", "inform", "modify"] {
            let refused = #expect(throws: PolicyError.self) { _ = try policy(duty, action) }
            #expect(refused?.member == "permission[0].duty[0].action")
        }
        for bad in ["1", "0", "-3", "2.5", "1000001"] {
            let duty = duty.replacing(": 10}", with: ": \(bad)}")
            #expect(throws: PolicyError.self) { _ = try policy(duty, "aggregate") }
        }
    }

    @Test func `two rules that shape an attribute in different ways hide it`() throws {
        let world = try PolicyWorld([
            PolicyWorld.policy([
                "action": "read", "target": "Bus",
                "duty": [
                    try JSONReader.read(Self.duty("round", "step", "10")),
                    try JSONReader.read(
                        Self.duty("round", "step", "3").replacing(#", "location""#, with: "")
                    ),
                ],
            ])
        ])
        let bus = try PolicyWorld.entity(["id": "urn:b", "type": "Bus", "speed": 14])
        let decision = world.source.policy(of: nil).decideRead(PolicyWorld.caller(nil))
        guard case .grant(let grant) = decision else {
            Issue.record("denied")
            return
        }
        #expect(grant.shape(bus).attributes.isEmpty)
        #expect(world.hidden(in: bus, from: PolicyWorld.caller(nil)) == ["speed"])
    }
}
