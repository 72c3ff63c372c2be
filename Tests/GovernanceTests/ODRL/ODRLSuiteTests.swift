import ContextModel
import Governance
import Storage
import Testing

/// The facts of the ODRL Test Suite (SolidLabResearch, https://doi.org/10.5281/zenodo.14290517), told in the
/// form of the profile: who may do what when, and whether the rule of the policy is then active.
///
/// A collection of assets is a type here, and one of parties a role. What the suite leaves out, a rule of
/// the profile says: the action `use`, and the collection of all entities.
@Suite struct ODRLSuiteTests {
    /// `001-003 anything: alice read x, bob …`: the suite's numbers, the policy, then requests with their moment
    /// (none for that of 2024), and whether the rule is active.
    private static let cases: [(String, String, [(String, Bool)])] = [
        (
            "001-003", "all use",
            [("alice read x", true), ("bob read x", true), ("bob write y", true)]
        ),
        (
            "004-006", "no use",
            [("alice read x", true), ("bob read x", true), ("bob write y", true)]
        ),
        (
            "007-010", "all use",
            [
                ("alice read x", true), ("bob read x", true), ("bob write y", true),
                ("alice sell x", false),
            ]
        ),
        (
            "011-014", "no use",
            [
                ("alice read x", true), ("bob read x", true), ("bob write y", true),
                ("alice sell x", false),
            ]
        ),
        (
            "015-017", "alice use",
            [("alice read x", true), ("bob read x", false), ("alice sell x", false)]
        ),
        (
            "018-020", "no bob use",
            [("alice read x", false), ("bob read x", true), ("bob sell x", false)]
        ),
        (
            "021-025", "alice read",
            [
                ("alice read x", true), ("alice sell x", false), ("alice read y", true),
                ("alice write x", false), ("bob read x", false),
            ]
        ),
        (
            "026-029", "alice read x",
            [
                ("alice read x", true), ("alice write x", false), ("alice read y", false),
                ("bob write y", false),
            ]
        ),
        ("030-032", "alice read x eq", times(now: true, past: false, future: false)),
        ("033-035", "alice read x neq", times(now: false, past: true, future: true)),
        ("036-038", "alice read x lt", times(now: false, past: true, future: false)),
        ("039-041", "alice read x lteq", times(now: true, past: true, future: false)),
        ("042-044", "alice read x gt", times(now: false, past: false, future: true)),
        ("045-047", "alice read x gteq", times(now: true, past: false, future: true)),
        ("048-050", "alice read x year", times(now: true, past: false, future: false)),
        ("051-052", "members read x", [("alice read x member", true), ("bob read x", false)]),
        (
            "053-054", "alice read collection",
            [("alice read x part", true), ("alice read y", false)]
        ),
        (
            "055-058", "members read collection",
            [
                ("alice read x part member", true), ("alice read y member", false),
                ("bob read x part", false), ("bob write y", false),
            ]
        ),
        (
            "062-064", "alice read x office",
            [
                ("alice read x", true), ("alice read x @2024-02-12T05:20:10.999Z", false),
                ("alice read x @2017-02-12T11:20:10.999Z", false),
            ]
        ),
    ]

    private static let moment = "2024-02-12T11:20:10.999Z"

    private static func times(now: Bool, past: Bool, future: Bool) -> [(String, Bool)] {
        [
            ("alice read x", now), ("alice read x @2017-02-12T11:20:10.999Z", past),
            ("alice read x @2025-02-12T11:20:10.999Z", future),
        ]
    }

    @Test(arguments: cases.map(\.0))
    func `the suite's rules are active when the suite says so`(numbers: String) throws {
        let (_, name, requests) = try #require(Self.cases.first { $0.0 == numbers })
        for (request, isActive) in requests {
            #expect(try Self.isActive(name, request) == isActive, "\(numbers) \(name): \(request)")
        }
    }

    /// Cases 059–061 and 065–068: what somebody pays afterwards keeps nobody from reading before.
    @Test func `a duty that the hub cannot see to is refused`() {
        let rule: JSONObject = [
            "assignee": "http://example.org/alice", "action": "read", "target": "urn:ngsi-ld:x",
            "duty": [["action": "compensate"]],
        ]
        let refused = #expect(throws: PolicyError.self) {
            try PolicyWorld.read(PolicyWorld.policy(rule))
        }
        #expect(refused?.member == "permission[0].duty[0].action")
    }

    private static func isActive(_ name: String, _ request: String) throws -> Bool {
        var words = request.split(separator: " ").map(String.init)
        let at = words.firstIndex { $0.hasPrefix("@") }.map {
            String(words.remove(at: $0).dropFirst())
        }
        let now = try #require(Timestamp(at ?? moment))
        let isProhibition = name.hasPrefix("no ")
        let world = try PolicyWorld(
            [try policy(name)],
            common: isProhibition
                ? [Permission(assignee: .anyone, actions: [.read, .write], target: .everything)]
                : [],
            clock: { now }
        )
        let entity = Entity(
            id: EntityID("urn:ngsi-ld:" + words[2]),
            types: [IRI(words.contains("part") ? "http://example.org/collection" : "urn:thing")]
        )
        let caller = PolicyWorld.caller(
            "http://example.org/" + words[0],
            roles: words.contains("member") ? ["member"] : []
        )
        // The hub has no action to sell: nobody may, and no rule is about it.
        let isAllowed: Bool
        switch words[1] {
        case "read": isAllowed = world.mayRead(entity, caller)
        case "write": isAllowed = world.mayWrite(entity, caller)
        default: return false
        }
        return isProhibition ? !isAllowed : isAllowed
    }

    /// The policy in the profile's words.
    private static func policy(_ name: String) throws -> JSONValue {
        var words = name.split(separator: " ").map(String.init)
        var rule: JSONObject = [:]
        let isProhibition = words[0] == "no"
        if isProhibition || words[0] == "all" { words.removeFirst() }
        switch words[0] {
        case "alice", "bob": rule["assignee"] = .string("http://example.org/" + words.removeFirst())
        case "members":
            words.removeFirst()
            rule["assignee"] = [
                "@type": "PartyCollection",
                "refinement": PolicyWorld.constraint("role", "eq", "member"),
            ]
        default: break
        }
        rule["action"] = .string(words.removeFirst())
        let target = words.isEmpty ? "" : words.removeFirst()
        rule["target"] =
            target == "x"
            ? "urn:ngsi-ld:x"
            : target == "collection"
                ? "http://example.org/collection"
                : ["@type": "AssetCollection", "source": "urn:balai:entities"]
        switch words.first {
        case nil: break
        case "year":
            rule["constraint"] = ["and": between("2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z")]
        case "office": rule["constraint"] = ["or": .array(office)]
        case let comparison?:
            rule["constraint"] = PolicyWorld.constraint("dateTime", comparison, .string(moment))
        }
        return PolicyWorld.policy(rule, as: isProhibition ? "prohibition" : "permission")
    }

    private static func between(_ from: String, _ until: String) -> JSONValue {
        [
            PolicyWorld.constraint("dateTime", "gt", .string(from)),
            PolicyWorld.constraint("dateTime", "lt", .string(until)),
        ]
    }

    /// From nine to five on the weekdays of 2024.
    private static var office: [JSONValue] {
        let first = CivilDate(year: 2024, month: 1, day: 1)?.daysSince1970 ?? 0
        return (first..<first + 366).filter { ($0 + 3) % 7 < 5 }.map { day in
            let text = Timestamp(CivilDate(daysSince1970: day)).text.prefix(10)
            return ["and": between(text + "T09:00:00Z", text + "T17:00:00Z")]
        }
    }
}
