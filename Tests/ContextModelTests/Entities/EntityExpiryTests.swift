import ContextModel
import Testing

/// Clause 4.22.
@Suite struct EntityExpiryTests {
    private let speed = IRI("x:speed")
    private let soon = Timestamp(microseconds: 10)
    private let later = Timestamp(microseconds: 20)

    private func attribute(expiresAt: Timestamp?, dataset: String? = nil) -> Attribute {
        var attribute = Attribute(kind: .property, value: 1, datasetID: dataset)
        attribute.details = expiresAt.map { AttributeDetails(expiresAt: $0) }
        return attribute
    }

    private func entity(_ instances: [Attribute], expiresAt: Timestamp? = nil) -> Entity {
        Entity(
            id: EntityID("urn:x:1"),
            types: [IRI("x:Bus")],
            attributes: [NamedAttribute(name: speed, instances: instances)],
            expiresAt: expiresAt
        )
    }

    @Test func `an entity does not exist from the moment it expires`() {
        let bus = entity([attribute(expiresAt: nil)], expiresAt: later)
        #expect(bus.nextExpiry == later)
        #expect(bus.unexpired(at: soon) == bus)
        #expect(bus.unexpired(at: later) == nil)
        #expect(EntityChange.expiry(of: bus, at: later) == .deletion(of: bus))
    }

    @Test func `each instance of an attribute expires for itself`() throws {
        let (lasting, passing) = (
            attribute(expiresAt: nil), attribute(expiresAt: soon, dataset: "d")
        )
        let bus = entity([lasting, passing])
        #expect(bus.nextExpiry == soon)
        #expect(bus.unexpired(at: later) == entity([lasting]))
        #expect(entity([passing]).unexpired(at: later)?.attributes.isEmpty == true)
        let change = try #require(EntityChange.expiry(of: bus, at: later))
        #expect(change.after?[speed] == [lasting])
        #expect(change.attributes == [.init(name: speed, before: passing, after: nil)])
        #expect(EntityChange.expiry(of: entity([lasting]), at: later) == nil)
    }

    @Test func `a sub-attribute expires and its attribute stays`() {
        var outer = attribute(expiresAt: nil)
        outer.attributes = [
            NamedAttribute(name: IRI("x:accuracy"), instances: [attribute(expiresAt: soon)])
        ]
        #expect(entity([outer]).nextExpiry == soon)
        #expect(entity([outer]).unexpired(at: soon) == entity([attribute(expiresAt: nil)]))
    }
}
