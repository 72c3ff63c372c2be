import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("4.3.6.2", "4.3.6.3", "5.6.1", "5.6.2", "5.6.6")) struct ProvisionPlanTests {
    private typealias Sample = FederationSample

    private static let changes = DistributedOperation.operations(named: "redirectionOps") ?? []

    private func plan(
        _ names: [String]?,
        _ registrations: [ContextSourceRegistration],
        for operation: DistributedOperation = .updateEntity,
        types: [String] = ["Bus"],
        asked: Condition = .everything,
        via: [String] = []
    ) -> ProvisionPlan {
        ProvisionPlan(
            operation,
            of: Sample.entity(types: types),
            asked: asked,
            naming: names.map { Set($0.map(Sample.iri)) },
            to: registrations.map {
                MatchedRegistration($0, information: Array($0.information.indices))
            },
            via: via
        )
    }

    private func words(_ parts: [ProvisionPlan.Part]) -> [String] {
        parts.map { part in
            let names = part.attributes?.map(LDContext.core.compact).sorted()
            return "\(part.registration.id): \(names?.joined(separator: ",") ?? "all")"
        }
    }

    private static func exclusive(
        _ operations: Set<DistributedOperation> = changes
    ) -> ContextSourceRegistration {
        Sample.registration(
            "urn:r:e",
            .exclusive,
            about: [Sample.info(types: ["Bus"], id: "urn:x:1", attributes: ["speed"])],
            operations: operations
        )
    }

    private static func redirect(_ attributes: [String] = []) -> ContextSourceRegistration {
        Sample.registration(
            "urn:r:r",
            .redirect,
            about: [Sample.info(types: ["Bus"], attributes: attributes)],
            operations: changes
        )
    }

    private static let inclusive = Sample.registration("urn:r:i", operations: changes)

    @Test func `an inclusive source and the hub make the same change`() {
        let plan = plan(["speed", "name"], [Self.inclusive])
        #expect(words(plan.parts) == ["urn:r:i: name,speed"])
        #expect(plan.isOwn && plan.removed.isEmpty)
    }

    @Test func `what one source alone has is changed there alone`() {
        let plan = plan(["speed", "name"], [Self.exclusive(), Self.inclusive])
        #expect(words(plan.parts) == ["urn:r:e: speed", "urn:r:i: name"])
        #expect(plan.removed == [Sample.iri("speed")])
        #expect(plan.isOwn)
        #expect(!self.plan(["speed"], [Self.exclusive()]).isOwn)
    }

    @Test func `what is redirected is not here`() {
        let whole = plan(["speed", "name"], [Self.redirect()])
        #expect(words(whole.parts) == ["urn:r:r: name,speed"])
        #expect(!whole.isOwn)
        let part = plan(["speed", "name"], [Self.redirect(["speed"])])
        #expect(part.isOwn && part.removed == [Sample.iri("speed")])
        // An exclusive source comes before it.
        let both = plan(["speed", "name"], [Self.redirect(), Self.exclusive()])
        #expect(words(both.parts) == ["urn:r:r: name", "urn:r:e: speed"])
    }

    @Test func `a source that does not offer the operation keeps what it alone has`() {
        let refusing = plan(["speed", "name"], [Self.exclusive([.retrieveEntity])])
        #expect(refusing.parts.isEmpty)
        #expect(words(refusing.refused) == ["urn:r:e: speed"])
        #expect(refusing.isOwn && refusing.removed == [Sample.iri("speed")])
        // An inclusive one takes no part.
        let reading = Sample.registration("urn:r:i")
        #expect(plan(["speed"], [reading]).parts.isEmpty)
        #expect(plan(["speed"], [reading]).refused.isEmpty)
    }

    @Test func `an entity is deleted wherever it may be`() {
        let plan = plan(nil, [Self.exclusive(), Self.inclusive], for: .deleteEntity)
        #expect(words(plan.parts) == ["urn:r:e: all", "urn:r:i: all"])
        #expect(plan.isOwn)
        #expect(!self.plan(nil, [Self.redirect()], for: .deleteEntity).isOwn)
    }

    @Test func `an entity of unknown types may be what is registered`() {
        #expect(!plan(["speed"], [Self.redirect()], types: []).isOwn)
        #expect(plan(["speed"], [Self.redirect()], types: ["Tram"]).isOwn)
    }

    /// Whoever may change one of the types that are registered may not change the others.
    @Test func `a part is of all types that the entity may have there`() {
        let both = Sample.registration(
            about: [Sample.info(types: ["Bus"]), Sample.info(types: ["Tram"])],
            operations: Self.changes
        )
        func possible(_ plan: ProvisionPlan) -> [[String]] {
            plan.parts.flatMap(\.possible).map { ($0.types ?? []).map(LDContext.core.compact) }
        }
        func words(_ plan: ProvisionPlan) -> [String?] {
            plan.parts.map { $0.types.typeSelection(in: .core) }
        }
        let unknown = plan(["speed"], [both], types: [])
        #expect(possible(unknown) == [["Bus"], ["Tram"]])
        #expect(words(unknown) == ["Bus,Tram"])
        let tram = plan(["speed"], [both], types: [], asked: .type(Sample.iri("Tram")))
        #expect(possible(tram) == [["Tram"]])
        #expect(possible(plan(["speed"], [both], types: ["Bus", "Red"])) == [["Bus", "Red"]])
        let any = Sample.registration(
            about: [Sample.info(attributes: ["speed"])],
            operations: Self.changes
        )
        let open = plan(["speed"], [any], types: [])
        #expect(open.parts.flatMap(\.possible) == [EntityAtSource(EntityID("urn:x:1"), types: nil)])
        #expect(words(open) == [nil])
        #expect(words(plan(["speed"], [any])) == ["Bus"])
        // What is created has the types that its body says.
        #expect(words(plan(["speed"], [both], for: .createEntity)) == [nil])
    }

    @Test func `auxiliary sources, and those on the way, take no part`() {
        let auxiliary = Sample.registration("urn:r:a", .auxiliary, operations: Self.changes)
        #expect(plan(["speed"], [auxiliary]).parts.isEmpty)
        var known = Self.inclusive
        known.alias = "city-b"
        #expect(plan(["speed"], [known], via: ["city-b"]).parts.isEmpty)
    }
}
