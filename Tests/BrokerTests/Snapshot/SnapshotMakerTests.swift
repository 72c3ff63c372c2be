import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.16.6")) struct SnapshotMakerTests {
    private typealias Fixture = SubscriptionFixture

    private static let told: JSONObject = [
        "endpoint": "http://receiver.example/snapshots",
        "receiverInfo": [["key": "X-Case", "value": "42"]],
    ]

    @Test func `the endpoint is notified when the snapshot is filled or changed`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot("urn:x:snapshot", Self.told)
        _ = try await fixture.hub.snapshotting.updateSnapshotStatus(
            "urn:x:snapshot",
            ["snapshotPriority": 1],
            ld: .core,
            caller: Fixture.boss
        )
        await fixture.maker.turn()
        await fixture.maker.turn()
        let sent = await fixture.recorder.next(2)
        #expect(sent.allSatisfy { $0.url == "http://receiver.example/snapshots" })
        #expect(sent.allSatisfy { $0.receiverInfo == [KeyValuePair(key: "X-Case", value: "42")] })
        let first = try #require(sent[0].json)
        #expect(first["type"] == "SnapshotNotification")
        #expect(first["snapshotId"] == "urn:x:snapshot" && first["snapshotStatus"] == "success")
        #expect(first["snapshotQueriesDetails"] == [["resultStatus": "success"]])
        #expect(first["notifiedAt"] != nil && first["expiresAt"] != nil)
        #expect(sent[1].json?["snapshotPriority"] == 1)
        let key = Snapshot.Key(tenant: nil, owner: .operator, id: "urn:x:snapshot")
        #expect(fixture.hub.snapshotting.snapshots[key]?.failedNotices == nil)
    }

    @Test func `a failing endpoint is notified again, up to a limit`() async throws {
        let fixture = try await Fixture.mapped()
        fixture.recorder.answering { _ in .failed("down") }
        try await fixture.snapshot("urn:x:snapshot", Self.told)
        for _ in 0..<SnapshotMaker.maximumNotices + 3 { await fixture.maker.turn() }
        let sent = await fixture.recorder.next(SnapshotMaker.maximumNotices)
        #expect(sent.count == SnapshotMaker.maximumNotices)
        let key = Snapshot.Key(tenant: nil, owner: .operator, id: "urn:x:snapshot")
        #expect(fixture.hub.snapshotting.snapshots[key]?.failedNotices == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func `an endpoint that does not answer delays no other`() async throws {
        let fixture = try await Fixture.mapped()
        let meeting = Meeting(of: 3)
        fixture.recorder.answering { _ in
            // None answers before all were notified.
            await meeting.arrive()
            return .delivered
        }
        for number in 1...3 {
            try await fixture.snapshot("urn:x:\(number)", Self.told, isMade: false)
        }
        await fixture.maker.turn()
        #expect(await fixture.recorder.next(3).count == 3)
    }

    @Test func `an expired snapshot does not exist, and is removed with its file`() async throws {
        var limits = HubLimits()
        limits.maximumSnapshotSeconds = 0
        let fixture = try await Fixture.mapped(Fixture.open, limits, onDisk: true)
        try await fixture.snapshot(isMade: false)
        #expect(throws: BrokerError(.resourceNotFound, "")) { try fixture.on() }
        await fixture.maker.turn()
        #expect(try await fixture.snapshotFiles == 0)
        let store = try #require(try await fixture.store.tenant(nil))
        #expect(try await store.documents(.snapshot).isEmpty)
    }

    @Test func `subscriptions in a snapshot are notified of it alone`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot()
        let inside = try fixture.on()
        try await fixture.subscribe(caller: inside)
        try await fixture.delivering {
            try await fixture.set(speed: 50, of: "urn:x:1")
            try await fixture.set(speed: 70, of: "urn:x:1", inside)
            let sent = await fixture.recorder.next(1)
            #expect(
                sent[0].tenant?.snapshot == SnapshotOrigin(tenant: nil, id: "urn:x:snapshot")
            )
            let speed = sent[0].entities.first?["speed"]?.objectValue
            #expect(speed?["value"] == 70)
        }
    }

    @Test func `the last use of a snapshot is stored`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot()
        _ = try fixture.on()
        let used = try await fixture.status()["lastUsedAt"]
        await fixture.maker.turn()
        let store = try #require(try await fixture.store.tenant(nil))
        let kept = try #require(try await store.documents(.snapshot).first)
        #expect(Snapshot(kept, tenant: nil)?.lastUsedAt.text == used?.stringValue)
    }
}

/// Lets nobody continue before this many have arrived.
private actor Meeting {
    private let size: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of size: Int) { self.size = size }

    func arrive() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            if waiting.count == size { for each in waiting { each.resume() } }
        }
    }
}
