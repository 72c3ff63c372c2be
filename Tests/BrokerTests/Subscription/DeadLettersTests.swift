import ContextModel
import Governance
import Testing

@testable import Broker

/// The operator's operations on dead letters when several parties have subscriptions with the same
/// identifier.
@Suite struct DeadLettersTests {
    private static let boss = SubscriptionFixture.boss
    private static let names = ["traffic", "a b%0Ac\nd anonymous", "\u{301}e\r"]
    private static let owners =
        names.map { Caller(party: .named(PartyID($0))) } + [Caller(party: .anonymous), boss]

    private func failed() async throws -> SubscriptionFixture {
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .subscribe],
            target: .everything
        )
        var limits = DeliveryLimits()
        limits.maximumAttempts = 1
        let fixture = try await SubscriptionFixture(
            policy: Policy(permissions: [rule]),
            limits: limits
        )
        for (number, owner) in Self.owners.enumerated() {
            let receiver = "http://r\(number).example/"
            try await fixture.subscribe(["id": "urn:s:1"], to: receiver, caller: owner)
        }
        fixture.recorder.answering { _ in .failed("The receiver answered 500.") }
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            _ = await fixture.recorder.next(Self.owners.count)
        }
        return fixture
    }

    private func owners(
        _ fixture: SubscriptionFixture,
        _ choice: DeadLetterChoice = .init()
    )
        async throws -> [String]
    {
        let letters = try await fixture.hub.subscribing.deadLetters(
            choice,
            limit: 10,
            caller: Self.boss
        )
        .summaries
        #expect(letters.allSatisfy { $0.objectValue?["subscriptionId"] == "urn:s:1" })
        return letters.compactMap { $0.objectValue?["owner"]?.stringValue }.sorted()
    }

    @Test func `dead letters name their owner, even without the subscription`() async throws {
        let fixture = try await failed()
        let all = (Self.names + ["anonymous", "operator"]).sorted()
        #expect(try await owners(fixture) == all)
        for owner in Self.owners {
            try await fixture.hub.subscribing.deleteSubscription("urn:s:1", caller: owner)
        }
        #expect(try await owners(fixture) == all)
    }

    @Test func `dead letters of one owner can be chosen`() async throws {
        let fixture = try await failed()
        for name in Self.names + ["anonymous", "operator"] {
            let choice = DeadLetterChoice(subscription: "urn:s:1", owner: name)
            #expect(try await owners(fixture, choice) == [name])
            #expect(
                try await fixture.hub.subscribing.dropDeadLetters(choice, caller: Self.boss) == 1
            )
            #expect(try await owners(fixture, choice) == [])
        }
        #expect(try await owners(fixture) == [])
    }
}
