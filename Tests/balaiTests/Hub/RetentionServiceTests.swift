import ContextModel
import Storage
import Testing

@testable import balai

@Suite struct RetentionServiceTests {
    private let bus = IRI("urn:Bus")
    private let tram = IRI("urn:Tram")

    @Test func `without rules there is no pass`() {
        #expect(RetentionService.passes([]).isEmpty)
    }

    @Test func `thinning and removing a type are two passes`() {
        let thin = RetentionRule(
            type: bus,
            ageMicroseconds: 1,
            effect: .thin(periodMicroseconds: 60)
        )
        let remove = RetentionRule(type: bus, ageMicroseconds: 9, effect: .remove)
        #expect(RetentionService.passes([thin, remove]) == [[thin], [remove]])
    }

    @Test func `a type with its own rule is exempt from the rule for all others`() {
        let thinTram = RetentionRule(
            type: tram,
            ageMicroseconds: 1,
            effect: .thin(periodMicroseconds: 60)
        )
        let removeAll = RetentionRule(type: nil, ageMicroseconds: 9, effect: .remove)
        let passes = RetentionService.passes([thinTram, removeAll])
        let never = RetentionRule(type: tram, ageMicroseconds: .max / 4, effect: .remove)
        #expect(passes == [[thinTram], [removeAll, never]])
    }

    @Test func `of what is configured and what is classified the shorter time counts`() {
        let configured = RetentionRule(type: bus, ageMicroseconds: 9, effect: .remove)
        let thinAll = RetentionRule(
            type: nil,
            ageMicroseconds: 1,
            effect: .thin(periodMicroseconds: 60)
        )
        let removeAll = RetentionRule(type: nil, ageMicroseconds: 20, effect: .remove)
        for age in [5, 15] as [Int64] {
            let classified = [
                RetentionRule(type: bus, ageMicroseconds: age, effect: .remove),
                RetentionRule(type: tram, ageMicroseconds: 30, effect: .remove),
            ]
            let passes = RetentionService.passes(
                [configured, thinAll, removeAll],
                classified: classified
            )
            #expect(passes.count == 2)
            #expect(passes[1].first(for: [bus])?.ageMicroseconds == min(9, age))
            #expect(passes[1].first(for: [tram])?.ageMicroseconds == 30)
            #expect(passes[1].first(for: [IRI("urn:x")])?.ageMicroseconds == 20)
            // What is only classified is thinned like all else.
            #expect(passes[0].first(for: [tram]) == thinAll)
        }
    }
}
