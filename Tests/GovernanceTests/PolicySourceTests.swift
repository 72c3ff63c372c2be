import ContextModel
import Governance
import Testing

@Suite struct PolicySourceTests {
    private func policy(_ name: String) -> Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID(name)),
                actions: [.read],
                target: .everything
            )
        ])
    }

    @Test func `a decision gets the policy in force, with its number`() {
        let source = PolicySource(policy("a"), tenants: [nil: TenantRules()])
        var numbers = [source.number]
        #expect(source.common == policy("a") && source.numbered(of: nil).number == source.number)
        for name in ["b", "c", "b"] {
            source.replace(with: policy(name))
            #expect(source.common == policy(name))
            #expect(source.numbered(of: nil).policy.permissions == policy(name).permissions)
            #expect(source.numbered(of: nil).number == source.number)
            #expect(!numbers.contains(source.number))
            numbers.append(source.number)
        }
    }

    @Test func `where the rules of a tenant are not known nobody may do anything in it`() {
        let all = Permission(
            assignee: .anyone,
            actions: Set(Action.allCases),
            target: .everything
        )
        let subject = SubjectID("urn:person:1")
        for isOpen in [false, true] {
            let common = Policy(permissions: [all], isOpen: isOpen)
            let policy = PolicySource(common, tenants: [nil: TenantRules()])
                .policy(of: TenantName("north"))
            for caller in [
                Caller(party: .operator), Caller(party: .anonymous, subject: subject),
                Caller(party: .named(PartyID("clinic"))),
            ] {
                var refusals = Action.allCases.map { action in
                    reason(policy.decideRead(caller, action: action))
                }
                if caller.subject == subject {
                    refusals.append(reason(policy.decideAccess(to: subject, caller)))
                }
                if case .deny(let reason) = policy.decideWrite(caller) {
                    refusals.append(reason)
                } else {
                    refusals.append(nil)
                }
                #expect(refusals.allSatisfy { $0 == .notReady }, "\(caller): \(refusals)")
            }
        }
    }

    private func reason(_ decision: ReadDecision) -> DenyReason? {
        guard case .deny(let reason) = decision else { return nil }
        return reason
    }

    @Test func `with a number one gets its policy or a later one`() async {
        let source = PolicySource(policy("0"))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 1...500 { source.replace(with: policy("\(number)")) }
            }
            group.addTask {
                while source.number < 500 {
                    let seen = source.number
                    let asked = source.numbered(of: nil)
                    #expect(asked.number >= seen)
                    #expect(asked.policy.permissions == policy("\(asked.number)").permissions)
                    await Task.yield()
                }
            }
        }
    }
}
