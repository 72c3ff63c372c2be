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
