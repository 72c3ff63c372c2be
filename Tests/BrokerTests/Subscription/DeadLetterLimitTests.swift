import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The limit of dead letters, shared by the owners of their subscriptions.
@Suite struct DeadLetterLimitTests {
    private let office = Party.named(PartyID("office"))

    private func letter(_ number: Int64, to owner: Party, bytes: Int = 10) -> DeadLetter {
        let message = OutboxMessage(
            sequence: number,
            recipients: [],
            body: [UInt8](repeating: 0, count: bytes),
            enqueuedAt: Timestamp(microseconds: 0)
        )
        let key = SubscriptionKey(tenant: nil, id: owner.subscriptionKey("urn:s:1-2"))
        return DeadLetter(
            message,
            to: key.outbox,
            abandonedAt: Timestamp(microseconds: 5),
            reason: ""
        )
    }

    @Test func `a dead letter's identifier has its owner`() {
        for owner in [office, .operator, .anonymous] {
            #expect(DeadLetter.owner(ofID: letter(1, to: owner).id) == owner)
        }
    }

    @Test func `the oldest letters of the owner with most are removed`() async throws {
        var limits = DeliveryLimits()
        limits.maximumDeadLetters = 4
        limits.maximumDeadLetterBytes = 40_000
        let fixture = try await SubscriptionFixture()
        let store = try await fixture.store.makeTenant(nil)
        let letters = (0..<6).map { letter($0, to: office) }
        let others = [letter(6, to: .anonymous), letter(7, to: .operator, bytes: 4_000)]
        try await store.bookkeep { transaction in
            for letter in [others[0]] + letters + [others[1]] {
                try transaction.put(letter.document)
            }
        }
        let gone = try await store.bookkeep { [limits] in
            try DeadLetterLimit.trim($0, limits)
        }
        #expect(gone == 4)
        let left = try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
        #expect(left.map(\.id) == ([others[0]] + letters[4...] + [others[1]]).map(\.id))
        // Limited by their bytes, too.
        limits.maximumDeadLetterBytes = 20_000
        limits.maximumDeadLetters = 1_000
        let large = letter(8, to: office, bytes: 9_000)
        try await store.bookkeep { try $0.put(large.document) }
        let more = try await store.bookkeep { [limits] in
            try DeadLetterLimit.trim($0, limits)
        }
        #expect(more > 0)
        #expect(try await store.documents(.deadLetter).contains { $0.id == others[0].id })
    }

    @Test func `it is checked each time a part of the limit was written`() {
        var limits = DeliveryLimits()
        limits.maximumDeadLetters = 640
        limits.maximumDeadLetterBytes = 6_400
        var limit = DeadLetterLimit(limits: limits)
        let why = Abandonment(at: Timestamp(microseconds: 0), reason: "")
        func trims(_ bytes: Int) -> Bool {
            limit.mustBeTrimmed(after: [
                .init(sequence: 1, recipient: "s", why: why, bytes: bytes)
            ])
        }
        #expect((0..<9).map { _ in trims(1) } == Array(repeating: false, count: 9))
        #expect(trims(1))
        #expect(trims(100))
        #expect(!trims(99))
    }
}
