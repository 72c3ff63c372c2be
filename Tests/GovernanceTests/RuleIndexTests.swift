import Chance
import ContextModel
import Testing

@testable import Governance

@Suite struct RuleIndexTests {
    private static let purposes = [
        "dpv:Purpose", "dpv:Marketing", "dpv:DirectMarketing", "dpv:PublicHealth",
    ]
    .map { Purpose($0) }

    @Test func `an index changes no decision`() {
        var random = SeededGenerator(seed: Soak.seed)
        let parties = (0..<5).map { PartyID("party\($0)") }
        for _ in 0..<200 * Soak.factor {
            let assignees: [Permission.Assignee] =
                [.anyone, .otherRole("nurse"), .all([.party(parties[0]), .otherRole("nurse")])]
                + parties.map { .party($0) }
            func assignee() -> Permission.Assignee {
                assignees.randomElement(using: &random) ?? .anyone
            }
            let policy = Policy(
                permissions: (0..<12).map { number in
                    Permission(
                        assignee: assignee(),
                        actions: [.read, .write],
                        target: .type(IRI("urn:type:\(number)")),
                        hiddenAttributes: number == 0 ? [IRI("urn:a")] : [],
                        purposes: Self.purposes.filter { _ in
                            Int.random(in: 0..<3, using: &random) == 0
                        }
                    )
                },
                prohibitions: (0..<3).map { number in
                    Prohibition(
                        assignee: assignee(),
                        target: .type(IRI("urn:type:\(number)")),
                        actions: [.read, .write]
                    )
                }
            )
            for party in [Party.anonymous] + parties.map({ .named($0) }) {
                for purpose in [nil] + Self.purposes.map({ $0 }) {
                    var caller = Caller(party: party, purpose: purpose)
                    if Bool.random(using: &random) { caller.otherRoles = ["nurse"] }
                    let classification = Classification()
                    var rights = SubjectRights(of: caller, classification, nil)
                    let plain = policy.readView(of: caller, .read, &rights)
                    let indexed = policy.indexed.readView(of: caller, .read, &rights)
                    #expect(plain.condition == indexed.condition, "seed \(Soak.seed)")
                    #expect(plain.hidden == indexed.hidden)
                    #expect(
                        policy.writeView(of: caller)?.condition
                            == policy.indexed.writeView(of: caller)?.condition
                    )
                }
            }
        }
    }

    @Test func `with 200 policies of other parties a decision looks at its own alone`() {
        let policy = Policy(
            permissions: (0..<200).map { number in
                Permission(
                    assignee: .party(PartyID("party\(number)")),
                    actions: [.read],
                    target: .type(IRI("urn:type:\(number)")),
                    purposes: [Self.purposes[3]]
                )
            }
        ).indexed
        let caller = Caller(party: .named(PartyID("party7")), purpose: Self.purposes[3])
        #expect(policy.permissions(for: caller).map(\.target) == [.type(IRI("urn:type:7"))])
        #expect(policy.permissions(for: Caller(party: .anonymous)).isEmpty)
    }
}
