import ContextModel
import Glibc
import Governance
import Storage

/// Prints how long a decision takes: `policies 200 2.1` for 200 policies, in microseconds.
///
/// With an empty folder as its argument it goes on with the entries that a record takes in a second: `leaves 64 30000`
/// for 64 callers.
///
/// A decision is all that a request about one entity of a person needs: the policy in force, the rights of the
/// caller, and whether the grant covers the entity, for which the person's choices are looked up.
@main
enum Decide {
    private static let purpose = Purpose("dpv:PublicHealth")
    private static let visit = IRI("https://uri.etsi.org/ngsi-ld/default-context/Visit")
    private static let patient = IRI("https://uri.etsi.org/ngsi-ld/default-context/patient")
    private static let choicesOfPerson = 10

    static func main() async throws {
        for count in [1, 10, 200, 1_000] {
            print("policies", count, microseconds(policies: count, people: 10_000))
        }
        for count in [1_000, 10_000, 100_000, 1_000_000] {
            print("choices", count, microseconds(policies: 200, people: count / choicesOfPerson))
        }
        guard let folder = CommandLine.arguments.dropFirst().first else { return }
        print("leaves", 64, try await Leaves.perSecond(callers: 64, in: folder))
    }

    private static func microseconds(policies: Int, people: Int) -> Double {
        let source = PolicySource(
            Policy(permissions: []),
            tenants: [nil: rules(policies: policies, people: people)]
        )
        let visits = (0..<min(people, 1_000)).map { entity($0 &* 7_919 % people) }
        let caller = Caller(party: .named(PartyID("reader")), purpose: purpose)
        func decide(_ rounds: Int) -> Int {
            (0..<rounds).count { round in
                let decision = source.decideRead(caller)
                guard case .grant(let grant) = decision else { return false }
                return grant.covers(visits[round % visits.count])
            }
        }
        let rounds = 200_000
        precondition(decide(1_000) == 1_000, "every visit may be read")
        let start = processorSeconds()
        let covered = decide(rounds)
        let time = processorSeconds() - start
        precondition(covered == rounds, "every visit may be read")
        return time * 1e6 / Double(rounds)
    }

    /// Processor time of this process: what else runs on the machine is no part of a decision.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func entity(_ person: Int) -> Entity {
        var entity = Entity(id: EntityID("urn:ngsi-ld:Visit:\(person)"), types: [visit])
        entity.attributes = [
            NamedAttribute(
                name: patient,
                instances: [Attribute(kind: .relationship, value: .string(uri(person)))]
            )
        ]
        return entity
    }

    private static func uri(_ person: Int) -> String { "urn:person:\(person)" }

    /// One in ten policies names the reader, and the first lets it read visits.
    private static func rules(policies: Int, people: Int) -> TenantRules {
        let book = ChoiceBook()
        let others = [
            "Marketing", "CommercialResearch", "CustomerManagement", "EnforceSecurity",
            "HumanResourceManagement", "Personalisation", "RecordManagement", "ServiceManagement",
            "VendorManagement",
        ]
        let choices =
            others.map { Choice(.object, Purpose("dpv:" + $0)) } + [Choice(.consent, purpose)]
        for person in 0..<people { book.replace(choices, of: uri(person)) }
        let type = Classification.TypeRule(.personal, subjects: [SubjectPath(names: [patient])])
        return TenantRules(
            classification: Classification([visit: type]),
            permissions: (0..<policies).map { number in
                Permission(
                    assignee: .party(PartyID(number % 10 == 0 ? "reader" : "party\(number)")),
                    actions: [.read],
                    target: .type(number == 0 ? visit : IRI("urn:type:\(number)")),
                    purposes: [purpose],
                    name: "urn:policy:\(number)"
                )
            },
            choices: book
        )
    }
}
