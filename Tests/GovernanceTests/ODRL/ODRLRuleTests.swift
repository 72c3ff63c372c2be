import ContextModel
import Governance
import Storage
import Testing

/// What the rules of a policy let callers do.
@Suite struct ODRLRuleTests {
    private static let bus = try? PolicyWorld.entity([
        "id": "urn:ngsi-ld:Bus:1", "type": "Bus", "scope": "/Phuket/North", "speed": 40,
        "plate": "กข 1234",
        "location": [
            "type": "GeoProperty", "value": ["type": "Point", "coordinates": [98.4, 7.9]],
        ],
    ])
    private static let bare = try? PolicyWorld.entity(["id": "urn:ngsi-ld:Bus:2", "type": "Bus"])
    private static let box: JSONValue = [
        "type": "Polygon",
        "coordinates": [[[98, 7.5], [99, 7.5], [99, 8.5], [98, 8.5], [98, 7.5]]],
    ]
    private static let everything = Permission(
        assignee: .anyone,
        actions: [.read, .subscribe, .write],
        target: .everything
    )

    /// A constraint, and whether it holds for the bus with attributes and for the one without.
    private static let constraints: [(JSONValue, Bool, Bool)] = [
        (PolicyWorld.constraint("scope", "isPartOf", "/Phuket"), true, false),
        (PolicyWorld.constraint("scope", "eq", "/Phuket"), false, false),
        (PolicyWorld.constraint("id", "isAnyOf", ["urn:ngsi-ld:Bus:1", "urn:x"]), true, false),
        (PolicyWorld.constraint("type", "neq", "Train"), true, true),
        (PolicyWorld.constraint("class", "lteq", "internal"), true, true),
        (PolicyWorld.constraint("class", "eq", "public"), false, false),
        (PolicyWorld.constraint("spatial", "isPartOf", box), true, false),
        (PolicyWorld.constraint("attribute:speed", "lt", 50), true, false),
        (PolicyWorld.constraint("attribute:speed", "neq", 50), true, false),
        (PolicyWorld.constraint("attribute:speed", "neq", 40), false, false),
        (PolicyWorld.constraint("attribute:speed", "isAnyOf", [30, 40]), true, false),
        (PolicyWorld.constraint("attribute:plate", "eq", "กข 1234"), true, false),
        (
            [
                "xone": [
                    PolicyWorld.constraint("attribute:speed", "lt", 50),
                    PolicyWorld.constraint("scope", "eq", "/Phuket/North"),
                ]
            ], false, false
        ),
        (
            [
                "xone": [
                    PolicyWorld.constraint("attribute:speed", "gt", 50),
                    PolicyWorld.constraint("scope", "eq", "/Phuket/North"),
                ]
            ], true, false
        ),
        (
            [
                "or": [
                    PolicyWorld.constraint("attribute:speed", "gt", 50),
                    PolicyWorld.constraint("id", "eq", "urn:ngsi-ld:Bus:2"),
                ]
            ], false, true
        ),
    ]

    @Test(arguments: constraints.indices)
    func `a permission covers what its constraints say, and nothing that lacks what they need`(
        index: Int
    ) throws {
        let (constraint, holds, holdsBare) = Self.constraints[index]
        let rule: JSONObject = ["action": "use", "target": "Bus", "constraint": constraint]
        let world = try PolicyWorld([PolicyWorld.policy(rule)])
        let anybody = PolicyWorld.caller(nil)
        for (entity, isCovered) in [(Self.bus, holds), (Self.bare, holdsBare)] {
            let entity = try #require(entity)
            #expect(world.mayRead(entity, anybody) == isCovered, "\(constraint.text) \(entity.id)")
            #expect(world.mayRead(entity, anybody, .subscribe) == isCovered)
            #expect(world.mayWrite(entity, anybody) == isCovered)
        }
    }

    /// What a prohibition is about is kept from everybody, whatever permits it; an entity that lacks the
    /// attribute that decides is kept from them, too.
    @Test(arguments: constraints.indices)
    func `a prohibition wins, also where what decides is missing`(index: Int) throws {
        let (constraint, holds, holdsBare) = Self.constraints[index]
        guard constraint.objectValue?["xone"] == nil else { return }
        let rule: JSONObject = ["action": "use", "target": "Bus", "constraint": constraint]
        let world = try PolicyWorld(
            [PolicyWorld.policy(rule, as: "prohibition")],
            common: [Self.everything]
        )
        let looksAtAttributes =
            constraint.text.contains("attribute:") || constraint.text.contains("spatial")
        let anybody = PolicyWorld.caller(nil)
        for (entity, isCovered) in [(Self.bus, holds), (Self.bare, holdsBare || looksAtAttributes)]
        {
            let entity = try #require(entity)
            #expect(world.mayRead(entity, anybody) == !isCovered, "\(constraint.text) \(entity.id)")
            #expect(world.mayRead(entity, anybody, .subscribe) == !isCovered)
            #expect(world.mayWrite(entity, anybody) == !isCovered)
        }
    }

    @Test func `nothing is allowed by default, and one action is not another`() throws {
        let bus = try #require(Self.bus)
        let clinic = PolicyWorld.caller("urn:balai:party:clinic")
        let expected: [String: (Bool, Bool, Bool)] = [
            "read": (true, true, false), "inform": (false, true, false),
            "modify": (false, false, true), "use": (true, true, true),
        ]
        for (action, (reads, isTold, writes)) in expected {
            let rule: JSONObject = [
                "action": .string(action), "target": "Bus", "assignee": "urn:balai:party:clinic",
            ]
            let world = try PolicyWorld([PolicyWorld.policy(rule)])
            #expect(world.mayRead(bus, clinic) == reads, "\(action)")
            #expect(world.mayRead(bus, clinic, .subscribe) == isTold, "\(action)")
            #expect(world.mayWrite(bus, clinic) == writes, "\(action)")
            for other in [PolicyWorld.caller(nil), PolicyWorld.caller("urn:balai:party:shop")] {
                #expect(!world.mayRead(bus, other) && !world.mayWrite(bus, other))
            }
        }
    }

    @Test func `a duty to drop hides attributes for the rule's purpose alone`() throws {
        let bus = try #require(Self.bus)
        let rule: JSONObject = [
            "action": "read", "target": "Bus", "assignee": "urn:balai:party:clinic",
            "constraint": PolicyWorld.constraint("purpose", "eq", "dpv:Marketing"),
            "duty": ["action": "drop", "target": ["plate", "speed"]],
        ]
        let world = try PolicyWorld([PolicyWorld.policy(rule)], common: [Self.everything])
        func hidden(_ purpose: String?) -> Set<String> {
            world.hidden(
                in: bus,
                from: PolicyWorld.caller("urn:balai:party:clinic", purpose: purpose)
            )
        }
        #expect(hidden("dpv:Marketing") == ["plate", "speed"])
        #expect(hidden("dpv:DirectMarketing") == ["plate", "speed"])
        // Whoever does not say why is not better off than who does.
        #expect(hidden(nil) == ["plate", "speed"])
        #expect(hidden("dpv:PublicHealth") == [])
        #expect(world.hidden(in: bus, from: PolicyWorld.caller(nil)) == [])
    }

    @Test func `a prohibition of attributes hides them, and may not depend on what they hold`()
        throws
    {
        let bus = try #require(Self.bus)
        func policy(_ constraint: JSONValue) -> JSONValue {
            PolicyWorld.policy(
                [
                    "action": "read", "constraint": constraint,
                    "target": [
                        "@type": "AssetCollection", "source": "Bus",
                        "refinement": PolicyWorld.constraint("attribute", "isAnyOf", ["plate"]),
                    ],
                ],
                as: "prohibition"
            )
        }
        let world = try PolicyWorld(
            [policy(PolicyWorld.constraint("scope", "isPartOf", "/Phuket"))],
            common: [Self.everything]
        )
        #expect(world.mayRead(bus, PolicyWorld.caller(nil)))
        #expect(world.hidden(in: bus, from: PolicyWorld.caller(nil)) == ["plate"])
        #expect(throws: PolicyError.self) {
            try PolicyWorld.read(policy(PolicyWorld.constraint("attribute:speed", "lt", 50)))
        }
    }

    @Test func `classes follow the classification`() throws {
        let bus = try #require(Self.bus)
        let rule: JSONObject = [
            "action": "read",
            "target": [
                "source": "urn:balai:entities",
                "refinement": PolicyWorld.constraint("class", "eq", "public"),
            ],
        ]
        let type = LDContext.core.expand("Bus")
        for dataClass in [DataClass.public, .internal] {
            let world = try PolicyWorld(
                [PolicyWorld.policy(rule)],
                classification: Classification([type: .init(dataClass)])
            )
            #expect(world.mayRead(bus, PolicyWorld.caller(nil)) == (dataClass == .public))
        }
    }
}
