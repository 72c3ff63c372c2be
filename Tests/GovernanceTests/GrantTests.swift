import ContextModel
import Governance
import Testing

@Suite struct GrantTests {
    private let traffic = IRI("https://example.org/TrafficFlowObserved")
    private let plate = IRI("https://example.org/licencePlate")
    private let ministry = Party.named(PartyID("ministry"))

    private var policy: Policy {
        Policy(permissions: [
            Permission(
                assignee: .anyone,
                actions: [.read],
                target: .type(traffic),
                hiddenAttributes: [plate]
            ),
            Permission(
                assignee: .party(PartyID("ministry")),
                actions: [.read, .write],
                target: .everything
            ),
        ])
    }

    private func grant(_ decision: ReadDecision) throws -> ReadGrant {
        guard case .grant(let grant) = decision else {
            throw Denied()
        }
        return grant
    }

    private struct Denied: Error {}

    @Test func `without a rule nobody sees anything, and is not told so`() throws {
        let decision = Policy(permissions: []).decideRead(Caller(party: .anonymous))
        #expect(try grant(decision).condition == .nothing)
    }

    @Test func `the operator sees everything`() throws {
        let decision = Policy(permissions: []).decideRead(Caller(party: .operator))
        #expect(try grant(decision).condition == .everything)
    }

    @Test func `a public rule opens its target and hides its attributes`() throws {
        let grant = try grant(policy.decideRead(Caller(party: .anonymous)))
        #expect(grant.condition == .type(traffic))
        #expect(grant.hiddenAttributes == [plate])
    }

    @Test func `an attribute one rule hides stays hidden under another`() throws {
        let grant = try grant(policy.decideRead(Caller(party: ministry)))
        #expect(grant.condition == .everything)
        #expect(grant.hiddenAttributes == [plate])
    }

    @Test func `a filter on a hidden attribute is refused before it reaches a store`() {
        let test = Condition.value(ValueTest(path: AttributePath(names: [plate])))
        let decision = policy.decideRead(Caller(party: .anonymous), condition: .not(test))
        guard case .deny(.hiddenAttribute(plate)) = decision else {
            Issue.record("the filter was let through: \(decision)")
            return
        }
    }

    @Test func `sorting by a hidden attribute is refused, too`() {
        let decision = policy.decideRead(Caller(party: .anonymous), sortedBy: [plate])
        guard case .deny(.hiddenAttribute(plate)) = decision else {
            Issue.record("the order was let through: \(decision)")
            return
        }
    }

    @Test func `a grant takes hidden attributes out at every depth`() throws {
        let grant = try grant(policy.decideRead(Caller(party: .anonymous)))
        let speed = IRI("https://example.org/speed")
        let hidden = NamedAttribute(
            name: plate,
            instances: [Attribute(kind: .property, value: "PKT 1026")]
        )
        let shown = NamedAttribute(
            name: speed,
            instances: [Attribute(kind: .property, value: 42, attributes: [hidden])]
        )
        let entity = Entity(
            id: EntityID("urn:x:1"),
            types: [traffic],
            attributes: [hidden, shown]
        )
        let shaped = grant.shape(entity)
        #expect(shaped.attributes.map(\.name) == [speed])
        #expect(shaped[speed][0].attributes.isEmpty)
    }

    @Test func `writing needs a rule: a token first, then the right`() {
        guard case .deny(.unauthenticated) = policy.decideWrite(Caller(party: .anonymous)),
            case .deny(.forbidden) = policy.decideWrite(
                Caller(party: .named(PartyID("stranger")))
            ),
            case .grant = policy.decideWrite(Caller(party: ministry))
        else {
            Issue.record("a write was decided wrongly")
            return
        }
    }

    @Test func `an open policy makes everybody the operator`() {
        var open = policy
        open.isOpen = true
        #expect(open.permitsAdministration(Caller(party: .anonymous)))
        #expect(!policy.permitsAdministration(Caller(party: .anonymous)))
    }
}
