import ContextModel
import Governance
import Storage
import Testing

@Suite struct ODRLReaderTests {
    private static let rule: JSONObject = [
        "action": "read", "assignee": "urn:balai:party:clinic", "target": "Visit",
        "constraint": [PolicyWorld.constraint("purpose", "eq", "dpv:PublicHealth")],
    ]

    // MARK: Spellings

    /// The same policy in the spellings that JSON-LD allows.
    @Test(arguments: [
        #"""
        {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:p",
         "permission": [{"action": "read", "assignee": "urn:balai:party:clinic", "target": "Visit",
          "constraint": [{"leftOperand": "purpose", "operator": "eq",
                          "rightOperand": "https://w3id.org/dpv#PublicHealth"}]}]}
        """#,
        #"""
        {"@context": {"odrl": "http://www.w3.org/ns/odrl/2/"}, "@type": "odrl:Set", "odrl:uid": "urn:p",
         "@id": "urn:p",
         "odrl:permission": {"odrl:action": {"@id": "odrl:read"},
          "odrl:assignee": {"@id": "urn:balai:party:clinic"}, "odrl:target": {"@id": "Visit"},
          "odrl:constraint": {"@type": "odrl:Constraint", "odrl:leftOperand": {"@id": "odrl:purpose"},
           "odrl:operator": {"@id": "odrl:isA"}, "odrl:rightOperand": {"@id": "dpv:PublicHealth"}}}}
        """#,
        #"""
        {"@context": {"o": {"@id": "http://www.w3.org/ns/odrl/2/", "@prefix": true}}, "@type": ["o:Set"],
         "@id": "urn:p",
         "http://www.w3.org/ns/odrl/2/permission": [{"o:action": ["o:read"], "o:target": ["Visit"],
          "http://www.w3.org/ns/odrl/2/assignee": [{"@id": "urn:balai:party:clinic"}],
          "o:constraint": {"@list": [{"o:leftOperand": {"@id": "http://www.w3.org/ns/odrl/2/purpose"},
           "o:operator": {"@id": "http://www.w3.org/ns/odrl/2/isAnyOf"},
           "o:rightOperand": [{"@value": "dpv:PublicHealth", "@type": "xsd:anyURI"}]}]}}]}
        """#,
        #"""
        {"type": "Agreement", "id": "urn:p", "assignee": "urn:balai:party:clinic", "action": "read",
         "target": "Visit", "conflict": "prohibit", "profile": "urn:balai:odrl:profile",
         "permission": {"constraint": {"and": [{"leftOperand": "purpose", "operator": "eq",
                                               "rightOperand": "PublicHealth"}]}}}
        """#,
    ])
    func `a policy is understood however it is written`(text: String) throws {
        let policy = try PolicyWorld.read(try JSONReader.read(text))
        #expect(policy.id == "urn:p" && policy.prohibitions.isEmpty)
        let rule = try #require(policy.permissions.first)
        #expect(policy.permissions.count == 1)
        #expect(rule.assignee == .party(PartyID("clinic")))
        #expect(rule.actions == [.read, .subscribe])
        #expect(rule.target == .type(LDContext.core.expand("Visit")))
        #expect(rule.purposes == [Purpose("dpv:PublicHealth")])
    }

    // MARK: What is refused

    @Test func `a policy of absurd size is refused`() throws {
        func policy(_ size: Int) -> JSONValue {
            [
                "@type": "Set", "uid": "urn:p", "permission": .object(Self.rule),
                "title": .string(String(repeating: "x", count: size)),
            ]
        }
        #expect(try PolicyWorld.read(policy(DataPolicy.maximumBytes / 2)).id == "urn:p")
        let error = #expect(throws: PolicyError.self) {
            try PolicyWorld.read(policy(DataPolicy.maximumBytes))
        }
        #expect(error.map { "\($0)".contains("bytes") } == true)
    }

    /// A policy that is damaged in one place, and the place that the refusal names.
    @Test(arguments: [
        (#""permision": []"#, "permision"), (#""obligation": []"#, "obligation"),
        (#""inheritFrom": "urn:p""#, "inheritFrom"), (#""conflict": "perm""#, "conflict"),
        (#""profile": "https://example.org/other""#, "profile"), (#""@graph": []"#, "@graph"),
        (#""odrl:permission": []"#, "odrl:permission"), (#""@id": "urn:other""#, "@id"),
        // What could lead from policy to policy, and back, leads nowhere.
        (#""inheritFrom": ["urn:q", "urn:p"]"#, "inheritFrom"),
        // A Cyrillic е among Latin letters.
        (#""p\u0435rmission": []"#, "p\u{435}rmission"),
    ])
    func `a member of a policy that is not understood is refused`(
        member: String,
        place: String
    ) throws {
        let text = #"{"@type": "Set", "uid": "urn:p", "permission": [], \#(member)}"#
        let refused = #expect(throws: PolicyError.self) {
            try PolicyWorld.read(try JSONReader.read(text))
        }
        #expect(refused?.member == place)
    }

    @Test(arguments: [
        (#"{"action": "sell"}"#, "action"), (#"{"action": "odrl:delete"}"#, "action"),
        (#"{"action": {"@id": "read", "refinement": []}}"#, "action"),
        (#"{"assignee": "clinic"}"#, "assignee"), (#"{"assignee": []}"#, "assignee"),
        // A Cyrillic с: a party that only looks like the clinic.
        (#"{"assignee": "urn:balai:party:\u0441linic"}"#, "assignee"),
        (#"{"assignee": {"@type": "PartyCollection", "source": "urn:user"}}"#, "assignee"),
        (#"{"target": ""}"#, "target"), (#"{"target": {"@type": "Party"}}"#, "target.@type"),
        // A Cyrillic і: a type that only looks like Visit.
        (#"{"target": "V\u0456sit"}"#, "target"),
        (#"{"target": {"@type": "AssetCollection"}}"#, "target"),
        (#"{"remedy": {}}"#, "remedy"),
        (#"{"duty": [{"action": "round", "target": "x"}]}"#, "duty[0].action"),
        (#"{"duty": [{"action": "drop"}]}"#, "duty[0].target"),
    ])
    func `a part of a rule that is not understood is refused`(
        change: String,
        place: String
    ) throws {
        var rule = Self.rule
        for (key, value) in try #require(try JSONReader.read(change).objectValue).members {
            rule[key] = value
        }
        let refused = #expect(throws: PolicyError.self) {
            try PolicyWorld.read(PolicyWorld.policy(rule))
        }
        let whole = place.isEmpty ? "permission[0]" : "permission[0]." + place
        #expect(refused?.member == whole, "\(refused.map { "\($0)" } ?? "")")
    }

    /// A left operand, operator and right operand of a constraint that is refused, and the member named.
    private static let badConstraints: [(String, String, JSONValue, String)] = [
        ("mood", "eq", "good", ".leftOperand"), ("odrl:dayOfWeek", "lt", 5, ".leftOperand"),
        ("purpose", "neq", "dpv:Marketing", ".operator"),
        ("purpose", "eq", "dpv:Marketingg", ".rightOperand"),
        ("purpose", "eq", ["dpv:Marketing", "dpv:PublicHealth"], ".rightOperand"),
        ("dateTime", "lt", "soon", ".rightOperand"), ("dateTime", "isA", "2027-01-01", ".operator"),
        ("spatial", "isPartOf", "Thailand", ".rightOperand"),
        ("spatial", "eq", ["type": "Point", "coordinates": [98, 7]], ".operator"),
        ("class", "eq", "secret", ".rightOperand"), ("scope", "eq", "", ".rightOperand"),
        ("legalBasis", "eq", "dpv:Contract", ".rightOperand"),
        ("attribute:speed", "lt", [1, 2], ".rightOperand"),
        ("attribute:speed", "eq", .null, ".rightOperand"),
        ("attribute:speed", "like", "x", ".operator"),
        ("attribute:sp\u{435}ed", "eq", 1, ".leftOperand"),
    ]

    @Test(arguments: badConstraints.indices)
    func `a constraint that is not understood is refused`(index: Int) throws {
        let (left, comparison, right, member) = Self.badConstraints[index]
        let refused = refusal(of: [PolicyWorld.constraint(left, comparison, right)])
        #expect(refused?.member == "permission[0].constraint[0]" + member, "\(left) \(comparison)")
    }

    @Test func `constraints that refer, contradict or cannot be decided are refused`() {
        let past = PolicyWorld.constraint("dateTime", "lt", "2026-01-01")
        let scope = PolicyWorld.constraint("scope", "eq", "/A")
        var unit = past.objectValue ?? [:]
        unit["unit"] = "day"
        let cases: [(JSONValue, String)] = [
            (["purpose"], ".constraint[0]"), ([["@id": "urn:constraint:1"]], ".constraint[0]"),
            ([["and": [scope], "or": [scope]]], ".constraint[0]"),
            ([["and": []]], ".constraint[0].and"),
            ([["andSequence": [scope]]], ".constraint[0].andSequence"),
            ([.object(unit)], ".constraint[0].unit"),
            ([["leftOperand": "dateTime", "operator": "lt"]], ".constraint[0].rightOperand"),
            (
                [["xone": [PolicyWorld.constraint("recipient", "eq", "urn:a"), scope]]],
                ".constraint[0].xone[0]"
            ),
            ([past, PolicyWorld.constraint("dateTime", "gt", "2026-01-01")], ""),
        ]
        for (constraints, place) in cases {
            #expect(
                refusal(of: constraints)?.member == "permission[0]" + place,
                "\(constraints.text)"
            )
        }
    }

    /// Why the rule with these constraints is refused.
    private func refusal(of constraints: JSONValue) -> PolicyError? {
        var rule = Self.rule
        rule["constraint"] = constraints
        return #expect(throws: PolicyError.self) {
            try PolicyWorld.read(PolicyWorld.policy(rule))
        }
    }

    @Test(arguments: [
        #""https://example.org/context.jsonld""#,
        #"{"read": "http://www.w3.org/ns/odrl/2/modify"}"#,
        #"{"odrl": "https://example.org/"}"#, #"{"a": "b:x", "b": "a:y"}"#,
        #"{"@vocab": "urn:x:"}"#,
        #"{"@base": "urn:x:"}"#, #"{"clinic": {"@id": "urn:x", "@container": "@set"}}"#, "7",
    ])
    func `a context that gives words another meaning is refused`(context: String) throws {
        let text = #"""
            {"@context": \#(context), "@type": "odrl:Set", "uid": "urn:p", "odrl:permission":
             [{"odrl:action": "read", "odrl:target": "Visit"}]}
            """#
        #expect(throws: PolicyError.self) { try PolicyWorld.read(try JSONReader.read(text)) }
    }

    @Test func `absurd depth and size are refused`() throws {
        var deep: JSONValue = PolicyWorld.constraint("scope", "eq", "/A")
        for _ in 0..<40 { deep = ["and": [deep]] }
        var wide = Self.rule
        wide["target"] = .array((0..<5_000).map { .string("Type\($0)") })
        var many = Self.rule
        let either: JSONValue = [
            "or": .array(
                (0..<40).map { PolicyWorld.constraint("recipient", "eq", .string("urn:p:\($0)")) }
            )
        ]
        many["constraint"] = [either, either]
        var rule = Self.rule
        rule["constraint"] = deep
        for rule in [rule, wide, many] {
            #expect(throws: PolicyError.self) { try PolicyWorld.read(PolicyWorld.policy(rule)) }
        }
    }

    // MARK: Overrides

    @Test func `an override has a title, a first and a last moment`() throws {
        let dates = [
            PolicyWorld.constraint("dateTime", "gteq", "2026-01-01T00:00:00Z"),
            PolicyWorld.constraint("dateTime", "lt", "2026-02-01T00:00:00Z"),
        ]
        let purpose = PolicyWorld.constraint("purpose", "eq", "dpv:PublicHealth")
        let basis = PolicyWorld.constraint("legalBasis", "eq", "dpv:VitalInterest")
        func read(_ constraints: [JSONValue], title: String?) throws -> DataPolicy {
            var rule = Self.rule
            rule["constraint"] = .array(constraints)
            return try PolicyWorld.read(PolicyWorld.policy(rule, title: title))
        }
        let good = try read(dates + [purpose, basis], title: "Dengue outbreak, order 12/2026")
        #expect(good.permissions.map(\.basis) == [.override])
        #expect(good.title == "Dengue outbreak, order 12/2026")
        for (constraints, title) in [
            (dates + [purpose, basis], nil), (dates + [purpose, basis], ""),
            ([dates[0], purpose, basis], "T"), ([dates[1], purpose, basis], "T"),
            (dates + [basis], "T"), ([["or": [basis, dates[0]]], purpose, dates[1]], "T"),
        ] as [([JSONValue], String?)] {
            #expect(throws: PolicyError.self) { try read(constraints, title: title) }
        }
    }

    // MARK: FIWARE

    @Test func `FIWARE's words about entities, roles and times are understood`() throws {
        let text = #"""
            {"@context": {"odrl": {"@id": "http://www.w3.org/ns/odrl/2/", "@prefix": true}},
             "@id": "https://operator.example/policy/type", "@type": "odrl:Policy",
             "odrl:uid": "https://operator.example/policy/type",
             "rdfs:isDefinedBy": {"@id": "https://operator.example/"},
             "odrl:permission": {"odrl:assigner": {"@id": "https://operator.example/"},
              "odrl:target": {"@type": "odrl:AssetCollection", "odrl:source": "urn:asset",
               "odrl:refinement": [
                {"@type": "odrl:Constraint", "odrl:leftOperand": {"@id": "ngsi-ld:entityType"},
                 "odrl:operator": {"@id": "odrl:eq"}, "odrl:rightOperand": "Marketplace"},
                {"@type": "odrl:Constraint", "odrl:leftOperand": "ngsi-ld:numNodes",
                 "odrl:operator": "odrl:eq", "odrl:rightOperand": {"@value": 3, "@type": "xsd:integer"}}]},
              "odrl:assignee": {"@type": "odrl:PartyCollection", "odrl:source": "urn:user",
               "odrl:refinement": {"@type": "odrl:Constraint", "odrl:leftOperand": {"@id": "vc:role"},
                "odrl:operator": {"@id": "odrl:hasPart"},
                "odrl:rightOperand": {"@value": "seller", "@type": "xsd:string"}}},
              "odrl:constraint": [{"@type": "odrl:Constraint", "odrl:leftOperand": {"@id": "odrl:dateTime"},
               "odrl:operator": {"@id": "odrl:lt"},
               "odrl:rightOperand": {"@value": "2027-01-01", "@type": "xsd:date"}}],
              "odrl:action": {"@id": "odrl:use"}}}
            """#
        let policy = try JSONReader.read(text)
        let now = try #require(Timestamp("2026-12-31T23:59:59Z"))
        let world = try PolicyWorld([policy], clock: { now })
        let seller = PolicyWorld.caller(nil, roles: ["seller"])
        let nodes = { (count: JSONValue) in
            try PolicyWorld.entity([
                "id": "urn:ngsi-ld:Marketplace:1", "type": "Marketplace", "numNodes": count,
            ])
        }
        let (three, four) = (try nodes(3), try nodes(4))
        #expect(world.mayRead(three, seller) && world.mayWrite(three, seller))
        #expect(!world.mayRead(four, seller))
        #expect(!world.mayRead(three, PolicyWorld.caller(nil)))
        let later = try #require(Timestamp("2027-01-01T00:00:00Z"))
        let ended = try PolicyWorld([policy], clock: { later })
        #expect(!ended.mayRead(three, seller))
    }
}
