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

    @Test func `without a rule nobody sees anything, and does not learn that`() throws {
        let decision = Policy(permissions: []).decideRead(Caller(party: .anonymous))
        #expect(try grant(decision).condition == .nothing)
    }

    @Test func `the operator sees everything`() throws {
        let decision = Policy(permissions: []).decideRead(Caller(party: .operator))
        #expect(try grant(decision).condition == .everything)
    }

    @Test func `a public rule makes its target visible and hides its attributes`() throws {
        let grant = try grant(policy.decideRead(Caller(party: .anonymous)))
        #expect(grant.condition == .type(traffic))
        #expect(grant.hidden.everywhere == [plate])
    }

    @Test func `an attribute one rule hides stays hidden under another`() throws {
        let grant = try grant(policy.decideRead(Caller(party: ministry)))
        #expect(grant.condition == .everything)
        #expect(grant.hidden.everywhere == [plate])
    }

    @Test func `an attribute hidden from readers is hidden from subscribers, too`() throws {
        var rules = policy
        rules.permissions[1].actions = [.subscribe]
        let caller = Caller(party: ministry)
        let grant = try grant(rules.decideRead(caller, action: .subscribe))
        #expect(grant.condition == .everything)
        #expect(grant.hidden.everywhere == [plate])
        let test = Condition.value(ValueTest(path: AttributePath(names: [plate])))
        let decision = rules.decideRead(caller, action: .subscribe, condition: test)
        guard case .deny(.hiddenAttribute(plate)) = decision else {
            Issue.record("the subscription was let through: \(decision)")
            return
        }
    }

    @Test func `an attribute hidden from a party is hidden from its writes, too`() {
        let decision = policy.decideWrite(Caller(party: ministry))
        guard case .grant(let grant) = decision else {
            Issue.record("the write was refused: \(decision)")
            return
        }
        #expect(grant.hidden.everywhere == [plate])
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

    @Test func `a reader who does not see everything cannot subscribe by modifiedAt`() {
        let condition = Condition.type(traffic).and(
            .not(.value(ValueTest(path: .modifiedAt)))
        )
        var rules = policy
        rules.permissions[0].actions = [.read, .subscribe]
        let caller = Caller(party: .anonymous)
        let decision = rules.decideRead(caller, action: .subscribe, condition: condition)
        guard case .deny(.hiddenAttribute) = decision else {
            Issue.record("the subscription was let through: \(decision)")
            return
        }
        guard case .grant = rules.decideRead(caller, condition: condition) else {
            Issue.record("a query by the time was refused")
            return
        }
    }

    // MARK: Prohibitions

    private let bus = IRI("https://example.org/Bus")

    private func prohibiting(
        _ rules: [(target: Condition, attribute: IRI)],
        from assignee: Permission.Assignee = .anyone
    ) -> Policy {
        var policy = policy
        policy.prohibitions = rules.map {
            Prohibition(assignee: assignee, target: $0.target, attributes: [$0.attribute])
        }
        return policy
    }

    @Test func `a prohibition hides attributes in the entities that it is about`() throws {
        let driver = IRI("https://example.org/driver")
        let policy = prohibiting([(.type(bus), driver)], from: .party(PartyID("ministry")))
        let grant = try grant(policy.decideRead(Caller(party: ministry)))
        #expect(grant.condition == .everything)
        #expect(grant.hidden.everywhere == [plate])
        #expect(grant.hidden.elements.map(\.condition) == [.type(bus)])
        #expect(grant.hidden.elements.map(\.names) == [[driver]])
        for party in [Party.anonymous, .named(PartyID("other"))] {
            let grant = try self.grant(policy.decideRead(Caller(party: party)))
            #expect(grant.hidden.isUniform)
        }
        let ofOperator = try self.grant(policy.decideRead(Caller(party: .operator)))
        #expect(ofOperator.hidden.isEmpty)
        guard case .grant(let writes) = policy.decideWrite(Caller(party: ministry)) else {
            Issue.record("the write was refused")
            return
        }
        #expect(writes.hidden == grant.hidden)
    }

    @Test func `what is hidden everywhere is decided without an entity`() throws {
        let driver = IRI("https://example.org/driver")
        let policy = prohibiting([
            (.everything, driver), (.type(bus), driver), (.type(bus), plate), (.nothing, bus),
        ])
        let grant = try grant(policy.decideRead(Caller(party: ministry)))
        #expect(grant.hidden.isUniform)
        #expect(grant.hidden.everywhere == [plate, driver])
    }

    @Test func `a filter on attributes hidden in some entities is left to the store`() throws {
        let driver = IRI("https://example.org/driver")
        let policy = prohibiting([(.type(bus), driver)])
        let test = Condition.value(ValueTest(path: AttributePath(names: [driver])))
        _ = try grant(
            policy.decideRead(Caller(party: ministry), condition: test, sortedBy: [driver])
        )
        let times = Condition.value(ValueTest(path: .modifiedAt))
        let caller = Caller(party: ministry)
        guard
            case .deny(.hiddenAttribute) = policy.decideRead(
                caller,
                action: .subscribe,
                condition: times
            )
        else {
            Issue.record("the subscription by the time of changes was let through")
            return
        }
    }

    @Test func `writing needs first a token, then a right`() {
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

    @Test func `figures of the hub are for those who may measure`() {
        let (anyone, named) = (Caller(party: .anonymous), Caller(party: ministry))
        #expect(policy.refusalOfMeasures(to: anyone) == .unauthenticated)
        #expect(policy.refusalOfMeasures(to: named) == .forbidden)
        #expect(policy.refusalOfMeasures(to: Caller(party: .operator)) == nil)
        var measured = policy
        measured.permissions[1].actions = [.measure]
        #expect(measured.refusalOfMeasures(to: anyone) == .unauthenticated)
        #expect(measured.refusalOfMeasures(to: named) == nil)
        measured.permissions[0].actions = [.measure]
        #expect(measured.refusalOfMeasures(to: anyone) == nil)
        measured = policy
        measured.isOpen = true
        #expect(measured.refusalOfMeasures(to: anyone) == nil)
    }

    @Test func `an open policy leaves services their own rights`() throws {
        var open = policy
        open.isOpen = true
        let service = Caller(party: .service(try #require(ServiceName("lamps"))))
        #expect(!open.permitsAdministration(service))
        guard case .grant(let grant) = open.decideRead(service, action: .subscribe) else {
            Issue.record("a read is never denied without a filter")
            return
        }
        #expect(grant.condition == .nothing)
        guard case .deny(.forbidden) = open.decideWrite(service) else {
            Issue.record("the service may write")
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

extension GrantTests {
    /// With and without an index of the rules, which looks at purposes, too.
    @Test(arguments: [false, true])
    func `a rule is for its purposes and what is a part of them`(isIndexed: Bool) {
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .aggregate],
            target: .everything,
            purposes: [Purpose("dpv:PublicBenefit")]
        )
        let made = Policy(permissions: [rule])
        let policy = isIndexed ? made.indexed : made
        for (purpose, isCovered) in [
            ("dpv:PublicBenefit", true), ("dpv:PublicHealth", true), ("dpv:Purpose", false),
            ("dpv:Marketing", false), ("dpv:Telepathy", false), (nil, false),
        ] as [(String?, Bool)] {
            let caller = Caller(party: .anonymous, purpose: purpose.map { Purpose($0) })
            guard case .grant(let grant) = policy.decideRead(caller) else {
                Issue.record("\(purpose ?? "none") is denied")
                continue
            }
            #expect((grant.condition != .nothing) == isCovered, "\(purpose ?? "none")")
            #expect((policy.refusalOfStatistics(to: caller) == nil) == isCovered)
        }
    }
}
