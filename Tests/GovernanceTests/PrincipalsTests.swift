import ContextModel
import Storage
import Testing

@testable import Governance

/// Who asks in the place of others may do what it and all of them may.
struct PrincipalsTests {
    private static let bus = IRI("https://x.example/Bus")
    private static let car = IRI("https://x.example/Car")
    private static let driver = IRI("https://x.example/driver")
    private static let plate = IRI("https://x.example/plate")

    private static let policy = Policy(permissions: [
        Permission(
            assignee: .party(PartyID("near")),
            actions: [.read, .write, .subscribe],
            target: .any(of: [.type(bus), .type(car)]),
            hiddenAttributes: [driver]
        ),
        Permission(
            assignee: .party(PartyID("far")),
            actions: [.read, .subscribe],
            target: .type(bus),
            hiddenAttributes: [plate]
        ),
    ])

    private static func caller(_ principals: [Party]) -> Caller {
        var caller = Caller(party: .named(PartyID("near")))
        caller.principals = principals
        return caller
    }

    private static func grant(_ caller: Caller, _ action: Action = .read) throws -> ReadGrant {
        guard case .grant(let grant) = policy.indexed.decideRead(caller, action: action) else {
            throw Denied()
        }
        return grant
    }

    private struct Denied: Error {}

    private static func entity(_ type: IRI) -> Entity {
        Entity(id: EntityID("urn:x:1"), types: [type])
    }

    @Test("it sees what all of them see, without what is hidden from any")
    func reading() throws {
        let alone = try Self.grant(Self.caller([]))
        #expect(alone.condition.matches(Self.entity(Self.car)))
        #expect(alone.hidden.everywhere == [Self.driver])
        let both = try Self.grant(Self.caller([.named(PartyID("far"))]))
        #expect(both.condition.matches(Self.entity(Self.bus)))
        #expect(!both.condition.matches(Self.entity(Self.car)))
        #expect(both.hidden.everywhere == [Self.driver, Self.plate])
        #expect(try Self.grant(Self.caller([.anonymous])).condition == .nothing)
    }

    @Test("rights of one kind of caller are not kept for another")
    func kept() throws {
        let policy = Self.policy.indexed
        for principals: [Party] in [[], [.anonymous], [.named(PartyID("far"))], []] {
            guard case .grant(let grant) = policy.decideRead(Self.caller(principals)) else {
                throw Denied()
            }
            let sees = grant.condition.matches(Self.entity(Self.car))
            #expect(sees == principals.isEmpty, "\(principals)")
        }
    }

    @Test("it changes what all of them may change")
    func writing() {
        guard case .grant = Self.policy.decideWrite(Self.caller([])) else {
            return #expect(Bool(false), "the party alone may write")
        }
        for principal: Party in [.named(PartyID("far")), .anonymous] {
            guard case .deny = Self.policy.decideWrite(Self.caller([principal])) else {
                return #expect(Bool(false), "\(principal) may not write")
            }
        }
    }

    @Test("nobody is told of changes in another's place")
    func subscribing() throws {
        #expect(try Self.grant(Self.caller([]), .subscribe).condition != .nothing)
        let both = try Self.grant(Self.caller([.named(PartyID("far"))]), .subscribe)
        #expect(both.condition == .nothing)
    }

    @Test("roles of the party alone run the hub, not those of whom it asks for")
    func administration() {
        var caller = Self.caller([.operator])
        #expect(!Self.policy.permitsAdministration(caller))
        caller.principals = []
        #expect(!Self.policy.permitsAdministration(caller))
    }

    @Test("the record names who asked the party")
    func recorded() {
        var caller = Caller(party: .named(PartyID("urn:balai:hub:x")))
        #expect(caller.recordedParty == "urn:balai:hub:x")
        caller.asker = "traffic"
        #expect(caller.recordedParty == "urn:balai:hub:x#traffic")
        #expect(Caller(party: .anonymous).recordedParty == nil)
    }
}
