import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The events of a change for somebody from whom the secret of shops is hidden.
@Suite(.clause("5.8.6")) struct ChangeEventsTests {
    private static let secret = LDContext.core.expand("secret")
    private static let speed = LDContext.core.expand("speed")

    private func hidden() throws -> HiddenAttributes {
        let policy = Policy(
            permissions: [],
            prohibitions: [
                Prohibition(
                    assignee: .anyone,
                    target: SubscriptionFixture.type("Shop"),
                    attributes: [Self.secret]
                )
            ]
        )
        guard case .grant(let grant) = policy.decideRead(Caller(party: .anonymous)) else {
            throw Denied()
        }
        return grant.hidden
    }

    private struct Denied: Error {}

    private func thing(_ type: String, speed: Int = 1, secret: Int? = nil) -> Entity {
        let values = [Self.speed: speed, Self.secret: secret].compactMapValues { $0 }
        return Entity(
            id: EntityID("urn:x:thing"),
            types: [LDContext.core.expand(type)],
            attributes: values.sorted { $0.key.text < $1.key.text }.map { name, value in
                let instance = Attribute(kind: .property, value: .number(JSONNumber(value)))
                return NamedAttribute(name: name, instances: [instance])
            }
        )
    }

    private func events(
        _ before: Entity,
        _ after: Entity?,
        isNew: Bool = false
    ) throws
        -> ChangeEvents
    {
        let moment = Timestamp(microseconds: 1)
        let change =
            after.map { EntityChange.replacement(of: before, with: $0, at: moment) }
            ?? .deletion(of: before)
        let seen = isNew ? change.appearance : change
        return seen.events(hiding: HiddenInChange(change, from: try hidden(), isNew: isNew))
    }

    private static let secrets: [Int?] = [nil, 5, 6]

    @Test(arguments: secrets)
    func `what is hidden before and after a change has no events`(secret: Int?) throws {
        for then in Self.secrets {
            let (old, new) = (thing("Shop", secret: secret), thing("Shop", secret: then))
            #expect(try events(old, new).attributes.isEmpty)
            let faster = thing("Shop", speed: 2, secret: then)
            #expect(try events(old, faster).attributes == [Self.speed: [.attributeUpdated]])
        }
        #expect(
            try events(thing("Shop", secret: secret), nil)
                == ChangeEvents(
                    entity: .entityDeleted,
                    attributes: [Self.speed: [.attributeDeleted]]
                )
        )
    }

    @Test(arguments: secrets)
    func `what becomes visible by a change is new`(secret: Int?) throws {
        let old = thing("Shop", secret: secret)
        let new = ChangeEvents(entity: nil, attributes: [Self.secret: [.attributeCreated]])
        #expect(try events(old, thing("Bus", secret: 5)) == new)
        #expect(try events(old, thing("Bus")) == ChangeEvents(entity: nil))
    }

    @Test(arguments: secrets)
    func `what becomes hidden by a change has no events`(secret: Int?) throws {
        for before in Self.secrets {
            let (old, new) = (thing("Bus", secret: before), thing("Shop", secret: secret))
            #expect(try events(old, new) == ChangeEvents(entity: nil))
        }
    }

    @Test func `when the same is hidden before and after, visible changes have events`() throws {
        let (old, new) = (thing("Bus", secret: 5), thing("Bus", secret: 6))
        #expect(try events(old, new).attributes == [Self.secret: [.attributeUpdated]])
        let appeared = try events(thing("Shop", secret: 5), thing("Shop", secret: 6), isNew: true)
        #expect(appeared.attributes == [Self.speed: [.attributeCreated]])
    }
}
