import ContextModel
import Testing

@testable import HubNetwork

/// When sightings of members suspend something here.
struct SuspensionVerdictsTests {
    private let own = MemberID(firstKey: MemberKey().id)
    private let hubs = (0..<5).map { _ in MemberID(firstKey: MemberKey().id) }
    private let now = SampleHub.after(days: 10)

    private var target: ReportedSubject { ReportedSubject(.member, hubs[4]) }

    private func rules(_ quorum: Int? = 2, trusted: [Int] = [0, 1, 2]) -> SuspensionRules {
        SuspensionRules(trusted: Set(trusted.map { hubs[$0] }), quorum: quorum, hours: 24)
    }

    private func sighting(
        _ hub: Int,
        _ id: String = "a",
        on subject: ReportedSubject? = nil,
        hoursAgo: Int64 = 1,
        isRevoked: Bool = false
    ) -> Sighting {
        let said = Timestamp(microseconds: now.microseconds - hoursAgo * 3_600_000_000)
        return Sighting(id, hubs[hub], subject ?? target, said: said, isRevoked: isRevoked)
    }

    private func begun(
        _ sightings: [Sighting],
        _ rules: SuspensionRules,
        kept: [Suspension] = [],
        admitted: [Int] = [0, 1, 2, 3, 4],
        at moment: Timestamp? = nil
    ) -> (begins: [Suspension], lifted: [Suspension]) {
        let verdicts = SuspensionVerdicts(sightings, rules, of: own, at: moment ?? now)
            .verdicts(
                kept: Dictionary(kept.map { ($0.subject, $0) }) { $1 },
                admitted: Set(admitted.map { hubs[$0] })
            )
        return verdicts.reduce(into: ([], [])) { result, verdict in
            switch verdict {
            case .begins(let suspension): result.0.append(suspension)
            case .lifted(let suspension): result.1.append(suspension)
            }
        }
    }

    @Test("so many trusted members as are wanted suspend a hub, until an end")
    func quorum() throws {
        let two = [sighting(0), sighting(1)]
        let suspension = try #require(begun(two, rules()).begins.first)
        #expect(suspension.subject == target && suspension.members == [hubs[0], hubs[1]].sorted())
        #expect(suspension.isInForce(at: now))
        let end = Timestamp(microseconds: now.microseconds + 24 * 3_600_000_000)
        #expect(suspension.until == end && !suspension.isInForce(at: end))
        // It is begun once, and the same sightings do not begin it again when it is over.
        #expect(begun(two, rules(), kept: [suspension]).begins.isEmpty)
        #expect(begun(two, rules(), kept: [suspension], at: end).begins.isEmpty)
        #expect(begun([sighting(0)], rules()).begins.isEmpty)
        #expect(begun(two, rules(3)).begins.isEmpty)
    }

    @Test("without a decision nothing is suspended")
    func withoutRules() {
        let all = (0..<4).map { sighting($0) }
        #expect(begun(all, SuspensionRules()).begins.isEmpty)
        #expect(begun(all, rules(nil)).begins.isEmpty)
        #expect(begun(all, rules(1, trusted: [])).begins.isEmpty)
    }

    @Test("a member counts once, not for itself, and not without trust")
    func attackers() {
        // One city with many sightings.
        let many = (0..<100).map { sighting(0, "s\($0)") }
        #expect(begun(many, rules()).begins.isEmpty)
        // A city without trust beside it.
        #expect(begun(many + [sighting(3, "t")], rules()).begins.isEmpty)
        // A member on itself.
        let itself = ReportedSubject(.member, hubs[1])
        let onItself = [sighting(0, on: itself), sighting(1, on: itself)]
        #expect(begun(onItself, rules()).begins.isEmpty)
        let key = ReportedSubject(.key, hubs[1], "k")
        #expect(begun([sighting(0, on: key), sighting(1, on: key)], rules()).begins.isEmpty)
        #expect(begun([sighting(0, on: key), sighting(2, on: key)], rules()).begins.count == 1)
        // One that is not admitted any more.
        let two = [sighting(0), sighting(1)]
        #expect(begun(two, rules(), admitted: [1, 2, 3, 4]).begins.isEmpty)
        // The hub itself, and subscriptions of other hubs.
        for subject in [
            ReportedSubject(.member, own), ReportedSubject(.key, own, "k"),
            ReportedSubject(.subscription, hubs[4], "s"),
        ] {
            let said = [sighting(0, on: subject), sighting(1, on: subject)]
            #expect(begun(said, rules()).begins.isEmpty)
        }
        let subscription = ReportedSubject(.subscription, own, "s")
        let said = [sighting(0, on: subscription), sighting(1, on: subscription)]
        #expect(begun(said, rules()).begins.count == 1)
    }

    @Test("what was said long ago, is taken back or is of a time to come does not count")
    func times() {
        #expect(begun([sighting(0), sighting(1, hoursAgo: 25)], rules()).begins.isEmpty)
        #expect(begun([sighting(0), sighting(1, hoursAgo: -1)], rules()).begins.isEmpty)
        let revoked = sighting(1, hoursAgo: 1, isRevoked: true)
        // An older version, sent again, does not count instead of the newest.
        for order in [[sighting(1, hoursAgo: 2), revoked], [revoked, sighting(1, hoursAgo: 2)]] {
            #expect(begun([sighting(0)] + order, rules()).begins.isEmpty)
        }
        // Another member has a sighting with the same identifier: it is its own.
        #expect(
            begun([sighting(0), sighting(1), sighting(2, isRevoked: true)], rules()).begins.count
                == 1
        )
    }

    @Test("it is lifted when too few say so any more, and not because those who do are silenced")
    func lifting() throws {
        let two = [sighting(0), sighting(1)]
        let suspension = try #require(begun(two, rules()).begins.first)
        func lifted(_ sightings: [Sighting], _ rules: SuspensionRules) -> Int {
            begun(sightings, rules, kept: [suspension]).lifted.count
        }
        #expect(lifted(two, rules()) == 0)
        #expect(lifted([sighting(0), sighting(1, hoursAgo: 0, isRevoked: true)], rules()) == 1)
        #expect(lifted(two, rules(3)) == 1 && lifted(two, rules(nil)) == 1)
        #expect(lifted(two, rules(trusted: [1, 2])) == 1)
        // Old sightings hold what they began.
        #expect(lifted([sighting(0), sighting(1, hoursAgo: 40)], rules()) == 0)
        // One that is suspended itself begins nothing, and ends nothing.
        let period = suspension.from..<suspension.until
        let silenced = Suspension(ReportedSubject(.member, hubs[0]), period, reason: "test")
        let both = begun(two, rules(), kept: [suspension, silenced])
        #expect(both.lifted.isEmpty && both.begins.isEmpty)
        #expect(begun(two, rules(), kept: [silenced]).begins.isEmpty)
        // What an administrator has decided is no matter of sightings.
        let decided = Suspension(target, period, reason: "test")
        #expect(begun([], rules(), kept: [decided]).lifted.isEmpty)
    }

    @Test("members that accuse each other are all suspended, and stay so")
    func accusations() {
        let (first, second) = (
            ReportedSubject(.member, hubs[0]), ReportedSubject(.member, hubs[1])
        )
        let all = [
            sighting(0, "a", on: second), sighting(2, "b", on: second),
            sighting(1, "c", on: first), sighting(3, "d", on: first),
        ]
        let rules = rules(2, trusted: [0, 1, 2, 3])
        let begins = begun(all, rules).begins
        #expect(Set(begins.map(\.subject)) == [first, second])
        let next = begun(all, rules, kept: begins)
        #expect(next.begins.isEmpty && next.lifted.isEmpty)
    }

    @Test("what was reversed is not suspended by the same sightings again, but by others")
    func reversed() throws {
        let two = [sighting(0), sighting(1)]
        var suspension = try #require(begun(two, rules()).begins.first)
        suspension.ended = now
        suspension.setAside = Set(two.map(\.name))
        // Also where they are said anew, in a later version.
        let anew = [sighting(0, hoursAgo: 0), sighting(1, hoursAgo: 0)]
        #expect(begun(two + anew, rules(), kept: [suspension]).begins.isEmpty)
        // One new one is not enough beside one that was set aside.
        #expect(begun(two + [sighting(2, "z")], rules(), kept: [suspension]).begins.isEmpty)
        let others = two + [sighting(0, "y"), sighting(2, "z")]
        let again = try #require(begun(others, rules(), kept: [suspension]).begins.first)
        #expect(again.setAside == suspension.setAside)
    }
}
