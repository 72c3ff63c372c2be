import ContextModel
import Governance
import Storage
import Synchronization
import Testing

@Suite struct RuleTimesTests {
    /// A clock that a test sets.
    private final class HandClock: Sendable {
        private let moment: Mutex<Int64>

        init(_ microseconds: Int64) { moment = Mutex(microseconds) }

        var now: Timestamp { Timestamp(microseconds: moment.withLock { $0 }) }

        func set(_ microseconds: Int64) { moment.withLock { $0 = microseconds } }
    }

    private static let bus = Entity(id: EntityID("urn:bus:1"), types: [IRI("urn:Bus")])

    private func source(_ clock: HandClock, _ validity: Validity) -> PolicySource {
        PolicySource(
            Policy(permissions: []),
            tenants: [
                nil: TenantRules(permissions: [
                    Permission(
                        assignee: .anyone,
                        actions: [.read],
                        target: .everything,
                        validity: validity
                    )
                ])
            ],
            clock: { clock.now }
        )
    }

    private func isSeen(_ source: PolicySource) -> Bool {
        let decision = source.policy(of: nil).decideRead(Caller(party: .anonymous))
        guard case .grant(let grant) = decision else { return false }
        return grant.covers(Self.bus)
    }

    private static let hour = Validity(
        from: Timestamp(microseconds: 1_000),
        until: Timestamp(microseconds: 2_000)
    )

    @Test func `a decision uses a rule from its first moment on, and not at its end`() {
        let clock = HandClock(0)
        let source = source(clock, Self.hour)
        for (moment, isInForce) in [
            (0, false), (999, false), (1_000, true), (1_999, true), (2_000, false), (3_000, false),
        ] as [(Int64, Bool)] {
            clock.set(moment)
            #expect(isSeen(source) == isInForce, "\(moment)")
        }
    }

    @Test func `a clock that is set back revives nothing`() {
        let clock = HandClock(1_500)
        let source = source(clock, Self.hour)
        #expect(isSeen(source))
        clock.set(2_500)
        #expect(!isSeen(source))
        clock.set(1_500)
        #expect(!isSeen(source))
        // Nor does another change of the rules, made by the wrong clock.
        source.put(source.rules(of: nil) ?? TenantRules(), of: nil)
        #expect(!isSeen(source))
        // At a start it is known when the hub last wrote.
        let next = self.source(clock, Self.hour)
        next.advance(to: Timestamp(microseconds: 2_500))
        #expect(!isSeen(next))
    }

    @Test func `a rule that has ended before it was put is never in force`() {
        #expect(!isSeen(source(HandClock(5_000), Self.hour)))
        #expect(isSeen(source(HandClock(5_000), Validity())))
    }

    @Test func `whoever keeps what is made of policies learns of the end by the number`() async {
        let clock = HandClock(1_500)
        let source = source(clock, Self.hour)
        let signals = source.makeSignals()
        let number = source.number
        clock.set(1_900)
        #expect(source.number == number)
        clock.set(2_000)
        #expect(source.number > number)
        var iterator = signals.makeAsyncIterator()
        #expect(await iterator.next() != nil)
        #expect(source.advance(to: clock.now) == nil)
    }
}
