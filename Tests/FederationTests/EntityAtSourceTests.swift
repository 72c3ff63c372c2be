import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("4.3.6")) struct EntityAtSourceTests {
    private typealias Sample = FederationSample

    private static let bus = Condition.type(Sample.iri("Bus"))
    private static let tram = Condition.type(Sample.iri("Tram"))
    private static let fast = Condition.attribute(Sample.iri("speed"))

    /// What is not known makes no rule hold, and no exception from a rule fail to hold.
    @Test(
        arguments: [
            (.everything, true, true), (.nothing, false, false), (bus, true, nil),
            (tram, false, nil), (.not(tram), true, nil), (fast, nil, nil), (.not(fast), nil, nil),
            (.all([bus, .not(fast)]), nil, nil), (.all([tram, .not(fast)]), false, nil),
            (.any([bus, fast]), true, nil), (.any([tram, fast]), nil, nil),
            (.ids([EntityID("urn:x:1")]), true, true), (.ids([EntityID("urn:x:2")]), false, false),
        ] as [(Condition, Bool?, Bool?)]
    )
    func `a rule is decided by what is known`(
        condition: Condition,
        ofBus: Bool?,
        ofUnknown: Bool?
    ) {
        let id = EntityID("urn:x:1")
        #expect(
            EntityAtSource(id, types: [Sample.iri("Bus")]).verdict(on: condition) == ofBus
        )
        #expect(EntityAtSource(id, types: nil).verdict(on: condition) == ofUnknown)
    }
}
