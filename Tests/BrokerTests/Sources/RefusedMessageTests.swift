import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Testing

@testable import Broker

/// Messages that were refused: how they are kept, who sees them, and what a retry may change.
@Suite struct RefusedMessageTests {
    private static let boss = SubscriptionFixture.boss
    private static let name = [SourceName("wells")].compactMap(\.self)[0]
    private static let now = Timestamp(microseconds: 1_777_622_400_000_000)

    private func withSource(
        of type: String = "Well",
        _ body: (SubscriptionFixture, LiveSource) async throws -> Void
    ) async throws {
        let fixture = try await SubscriptionFixture(
            policy: Policy(permissions: []),
            record: RecordDouble(),
            sources: LineSources(),
            now: { Self.now }
        )
        _ = try await fixture.hub.sourcing.put(Self.name, type, caller: Self.boss)
        let source = try #require(fixture.hub.sourcing.source(SourceKey(nil, Self.name)))
        try await body(fixture, source)
    }

    private func message(_ text: String, after seconds: Int64 = 0) -> ReceivedMessage {
        ReceivedMessage(
            Array(text.utf8),
            receivedAt: Timestamp(microseconds: Self.now.microseconds + seconds * 1_000_000)
        )
    }

    private func kept(_ sourcing: Sourcing) async throws -> [RefusedMessage] {
        try await sourcing.refusedMessages(of: Self.name, limit: .max, caller: Self.boss).messages
    }

    @Test func `one that is too large is kept without its body, and the others stay`() async throws
    {
        try await withSource { fixture, source in
            let sourcing = fixture.hub.sourcing
            let large = String(repeating: "x", count: SourceHistory.maximumRefusedBytes + 1)
            _ = try await sourcing.receive([message("bad"), message(large)], by: source)
            let kept = try await kept(sourcing)
            #expect(kept.map(\.message.body.count) == [3, 0])
            #expect(kept.last?.reasons.last?.contains("too many to be kept") == true)
            #expect(sourcing.figures(of: source).figures.dropped == 0)
            // Without a body it cannot become anything, and is not taken for an empty message.
            let result = try await sourcing.retryRefused(of: Self.name, caller: Self.boss)
            #expect(result.stored == 0 && result.refused == 2)
        }
    }

    @Test func `a message whose payload was left out stays refused`() async throws {
        try await withSource { fixture, source in
            let sourcing = fixture.hub.sourcing
            var long = message("")
            long.problem = "The message is too long."
            _ = try await sourcing.receive([long], by: source)
            let result = try await sourcing.retryRefused(of: Self.name, caller: Self.boss)
            #expect(result.stored == 0 && result.refused == 1)
            #expect(try await kept(sourcing).map(\.reasons) == [["The message is too long."]])
        }
    }

    @Test func `whoever runs the hub without being its operator sees no content`() async throws {
        try await withSource { fixture, source in
            let sourcing = fixture.hub.sourcing
            let admin = Caller(party: .named(PartyID("urn:x:admin")), roles: .admin)
            _ = try await sourcing.receive([message("urn:x:siti 1\nSiti")], by: source)
            let seen = sourcing.figures(of: source, for: admin).figures
            #expect(seen.messages == 1 && seen.refused == 1 && seen.last?.receivedAt == Self.now)
            #expect(!"\(seen)".lowercased().contains("siti"))
            let whole = sourcing.figures(of: source, for: Self.boss).figures
            #expect(whole.last?.beginning == "urn:x:siti 1\nSiti")
            let message = try #require(
                try await sourcing.refusedMessages(of: Self.name, limit: 9, caller: admin)
                    .messages.first
            )
            let json = message.json(withContent: sourcing.showsContent(to: admin)).objectValue
            #expect(json?.members.map(\.key) == ["id", "receivedAt"])
        }
    }

    @Test(arguments: [("Visit", 0), ("Bike", 0), ("Bench", 1)])
    func `an erasure takes the messages of sources about people`(
        type: String,
        left: Int
    ) async throws {
        try await withSource(of: type) { fixture, source in
            let (sourcing, governing) = (fixture.hub.sourcing, fixture.hub.governing)
            try await governing.replaceClassification(
                Ward.classification,
                ld: .core,
                caller: Self.boss
            )
            _ = try await sourcing.receive([message("Siti was here")], by: source)
            #expect(try await kept(sourcing).count == 1)
            _ = try await governing.eraseData(about: Ward.siti, caller: Self.boss)
            #expect(try await kept(sourcing).count == left)
            let (figures, count) = sourcing.figures(of: source)
            #expect(count == left && figures.last?.beginning.map { _ in 1 } ?? 0 == left)
        }
    }

    @Test func `a retry lets no reading without a time take the place of a newer one`() async throws
    {
        try await withSource { fixture, source in
            let sourcing = fixture.hub.sourcing
            // It was received a minute before the other, and is refused for its second line.
            _ = try await sourcing.receive([message("urn:x:a 1 -\nbad", after: -60)], by: source)
            _ = try await sourcing.receive([message("urn:x:a 2 -", after: -1)], by: source)
            let result = try await sourcing.retryRefused(of: Self.name, caller: Self.boss)
            #expect(result.stored == 0 && result.refused == 1)
            #expect(try await fixture.shown("urn:x:a").objectValue?["level"] == 2)
            let reasons = try await kept(sourcing).flatMap(\.reasons)
            #expect(reasons.contains { $0.contains("has changed since") })
            // What is there already is no reason, and is not written again.
            _ = try await sourcing.dropRefused(of: Self.name, caller: Self.boss)
            _ = try await sourcing.receive([message("urn:x:b 3 -\nbad", after: -1)], by: source)
            _ = try await sourcing.retryRefused(of: Self.name, caller: Self.boss)
            #expect(try await kept(sourcing).map(\.reasons) == [["`bad` is no reading."]])
            #expect(try await fixture.past("level", of: "urn:x:b") == [3])
        }
    }

    @Test func `a message that is tried again is not heard again`() {
        var things = HeardThings()
        let id = EntityID("urn:x:a")
        let earlier = Timestamp(microseconds: Self.now.microseconds - 60_000_000)
        things.hear(id, newest: Self.now, at: Self.now)
        things.silent.insert(id)
        things.hear(id, newest: earlier, at: earlier)
        #expect(things.things[id]?.heard == Self.now.microseconds && things.silent == [id])
        let told = ReportInterval.told(seconds: 60)
        #expect(!things.needsMark(id, newest: earlier, at: earlier, told))
        let later = Timestamp(microseconds: Self.now.microseconds + 1)
        #expect(things.needsMark(id, newest: later, at: later, told))
        things.hear(id, newest: later, at: later)
        #expect(things.things[id]?.heard == later.microseconds && things.silent == [])
    }
}
