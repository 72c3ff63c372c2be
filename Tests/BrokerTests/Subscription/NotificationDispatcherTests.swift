import Clauses
import ContextModel
import Foundation
import Governance
import Storage
import StorageSQLite
import Synchronization
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(1)), .clause("5.8.6")) struct NotificationDispatcherTests {
    @Test func `changes of an entity arrive in order, once each, and are counted`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe()
        try await fixture.delivering {
            for number in 0..<20 { try await fixture.create("urn:bus:\(number)", speed: number) }
            let requests = await fixture.recorder.next(20)
            #expect(
                requests.map { $0.entities.first?["id"]?.stringValue }
                    == (0..<20).map { "urn:bus:\($0)" }
            )
        }
        let shown = try await fixture.hub.subscribing.retrieveSubscription(
            id,
            ld: .core,
            caller: SubscriptionFixture.boss
        )
        let notification = shown.objectValue?["notification"]?.objectValue
        #expect(notification?["timesSent"] == 20)
        #expect(notification?["status"] == "ok")
        #expect(notification?["lastSuccess"] != nil)
        let store = try #require(try await fixture.store.tenant(nil))
        #expect(try await store.outboxDepth().count == 0)
    }

    @Test func `a dead receiver delays nobody else`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe(to: "http://dead.example/")
        try await fixture.subscribe(to: "http://alive.example/")
        fixture.recorder.answering { request in
            guard request.url.contains("dead") else { return .delivered }
            // Hangs until the dispatcher stops.
            try? await Task.sleep(for: .seconds(3_600))
            return .failed("no answer")
        }
        try await fixture.delivering {
            for number in 0..<10 { try await fixture.create("urn:bus:\(number)", speed: 1) }
            let urls = await fixture.recorder.next(11).map(\.url)
            #expect(urls.filter { $0.contains("alive") }.count == 10)
        }
    }

    @Test func `a notification repeated after a restart has the same id, without numbers`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe()
        fixture.recorder.answering { _ in .failed("The receiver answered 500.") }
        var ids: [String] = []
        for _ in 0..<2 {
            try await fixture.delivering {
                if ids.isEmpty { try await fixture.create("urn:bus:1", speed: 1) }
                let request = try #require(await fixture.recorder.next(1).first)
                ids.append(request.json?["id"]?.stringValue ?? "")
            }
        }
        #expect(ids[0] == ids[1])
        #expect(ids[0].wholeMatch(of: /urn:ngsi-ld:Notification:[0-9a-f]{32}/) != nil)
    }

    @Test func `a failed notification is tried again, and visibly given up at last`() async throws {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 1_000
        limits.maximumAttempts = 3
        let fixture = try await SubscriptionFixture(limits: limits)
        let id = try await fixture.subscribe()
        fixture.recorder.answering { _ in .failed("The receiver answered 500.") }
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            let attempts = await fixture.recorder.next(3)
            #expect(Set(attempts.compactMap { $0.json?["id"] }).count == 1)
        }
        let boss = SubscriptionFixture.boss
        let letters = try await fixture.hub.subscribing.deadLetters(limit: 10, caller: boss)
            .summaries
        #expect(letters.map { $0.objectValue?["subscriptionId"] } == [.string(id)])
        let shown = try await fixture.hub.subscribing.retrieveSubscription(
            id,
            ld: .core,
            caller: boss
        )
        let notification = shown.objectValue?["notification"]?.objectValue
        #expect(notification?["status"] == "failed")
        #expect(notification?["timesSent"] == 1, "three attempts are one notification")
        #expect(notification?["timesFailed"] == 1)
        #expect(notification?["lastFailureReason"]?.stringValue?.isEmpty == false)

        fixture.recorder.answering { _ in .delivered }
        #expect(try await fixture.hub.subscribing.replayDeadLetters(caller: boss) == 1)
        try await fixture.delivering {
            let agains = await fixture.recorder.next(1)
            let again = try #require(agains.first)
            #expect(again.entities.first?["id"] == "urn:bus:1")
        }
        #expect(
            try await fixture.hub.subscribing.deadLetters(limit: 10, caller: boss).summaries.isEmpty
        )
    }

    @Test func `throttling collects changes into one notification`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe(["throttling": 0.2])
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            _ = await fixture.recorder.next(1)
        }
        try await fixture.create("urn:bus:2", speed: 2)
        try await fixture.create("urn:bus:3", speed: 3)
        try await fixture.delivering {
            let seconds = await fixture.recorder.next(1)
            let second = try #require(seconds.first)
            #expect(second.entities.map { $0["id"] } == ["urn:bus:2", "urn:bus:3"])
        }
    }

    @Test func `what a subscriber may not see is neither shown nor hinted at`() async throws {
        let speed = LDContext.core.expand("speed")
        let guest = Caller(party: .named(PartyID("guest")))
        let policy = Policy(permissions: [
            Permission(
                assignee: .party(PartyID("guest")),
                actions: [.subscribe, .read],
                target: .ids([EntityID("urn:bus:2"), EntityID("urn:bus:3")]),
                hiddenAttributes: [speed]
            )
        ])
        let fixture = try await SubscriptionFixture(policy: policy)
        try await fixture.subscribe(
            ["notificationTrigger": ["entityCreated", "attributeUpdated"]],
            caller: guest
        )
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            try await fixture.create("urn:bus:2", speed: 2)
            _ = try await fixture.hub.writing.updateAttributes(
                of: EntityID("urn:bus:2"),
                ["speed": ["type": "Property", "value": 9]],
                ld: .core,
                caller: SubscriptionFixture.boss
            )
            try await fixture.create("urn:bus:3", speed: 3)
            let requests = await fixture.recorder.next(2)
            #expect(
                requests.map(\.entities) == [
                    [["id": "urn:bus:2", "type": "Bus"]], [["id": "urn:bus:3", "type": "Bus"]],
                ]
            )
            #expect(requests.map(\.disclosed) == [["urn:bus:2": []], ["urn:bus:3": []]])
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.subscribe(["q": "speed>1"], caller: guest)
        }
        await #expect(throws: BrokerError(.unauthenticated, "")) {
            try await fixture.subscribe(caller: Caller(party: .anonymous))
        }
    }

    @Test func `a sealed notification knows its entities and attributes`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe(["throttling": 0.2])
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            _ = await fixture.recorder.next(1)
        }
        try await fixture.create("urn:bus:2", speed: 2)
        try await fixture.create("urn:bus:3", speed: 3)
        try await fixture.subscribe(to: "http://other.example/")
        try await fixture.delivering {
            try await fixture.create("urn:bus:4", speed: 4)
            let requests = await fixture.recorder.next(2)
            let speed: Set = [LDContext.core.expand("speed")]
            let other = requests.first { $0.url == "http://other.example/" }
            #expect(other?.disclosed == ["urn:bus:4": speed])
            let gathered = try #require(requests.first { $0.url != "http://other.example/" })
            #expect(
                Set(gathered.disclosed.keys)
                    == Set(gathered.entities.compactMap { $0["id"]?.stringValue })
            )
            #expect(gathered.disclosed["urn:bus:2"] == speed)
        }
    }

    @Test func `messages that waited at a stop are sent after the start`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.subscribe()
        try await fixture.create("urn:bus:1", speed: 1)
        try await fixture.hub.following.loadSubscriptions()
        try await fixture.delivering {
            #expect(await fixture.recorder.next(1).count == 1)
        }
    }

    @Test func `changes of one entity arrive in order, even when sending sometimes fails`()
        async throws
    {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 1_000
        let fixture = try await SubscriptionFixture(limits: limits)
        try await fixture.subscribe()
        try await fixture.create("urn:bus:1", speed: 0)
        let attempts = Mutex(0)
        fixture.recorder.answering { _ in
            let number = attempts.withLock {
                $0 += 1
                return $0
            }
            return number.isMultiple(of: 3) ? .failed("busy") : .delivered
        }
        try await fixture.delivering {
            for speed in 1...30 { try await fixture.update("urn:bus:1", speed: speed) }
            var speeds: [Int] = []
            while speeds.last != 30, !Task.isCancelled {
                let requests = await fixture.recorder.next(1)
                let request = try #require(requests.first)
                let value = request.entities[0]["speed"]?.objectValue?["value"]?.numberValue
                let speed = try #require(value?.intValue)
                // A failed one comes once more, and nothing overtakes it.
                if speeds.last != speed { speeds.append(speed) }
            }
            #expect(speeds == Array(0...30))
        }
    }

    @Test func `a message for many is kept until all have it, and then for the rest alone`()
        async throws
    {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 3_600_000_000
        let fixture = try await SubscriptionFixture(limits: limits)
        for number in 0..<3 { try await fixture.subscribe(to: "http://alive\(number).example/") }
        let dead = try await fixture.subscribe(to: "http://dead.example/")
        fixture.recorder.answering {
            $0.url.contains("dead") ? .failed("The receiver answered 500.") : .delivered
        }
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            _ = await fixture.recorder.next(4)
        }
        let store = try #require(try await fixture.store.tenant(nil))
        let messages = try await store.outbox(
            after: 0,
            limit: 10,
            grant: InternalGrant(.delivering)
        )
        #expect(messages.map(\.recipients) == [[dead]])
        fixture.recorder.answering { _ in .delivered }
        try await fixture.delivering {
            let agains = await fixture.recorder.next(1)
            let again = try #require(agains.first)
            #expect(again.url == "http://dead.example/")
        }
        #expect(try await fixture.depth == 0)
    }

    @Test func `messages that a killed program had not sent are in its store`() async throws {
        let fixture = try await SubscriptionFixture(onDisk: true)
        try await fixture.subscribe()
        let sent = Mutex(0)
        fixture.recorder.answering { _ in
            let number = sent.withLock {
                $0 += 1
                return $0
            }
            if number <= 5 { return .delivered }
            try? await Task.sleep(for: .seconds(3_600))
            return .failed("no answer")
        }
        let copy = fixture.folder + "-copy"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try await fixture.delivering {
            for number in 0..<20 { try await fixture.create("urn:bus:\(number)", speed: number) }
            _ = await fixture.recorder.next(6)
            // The files at this moment, as a kill would leave them.
            try FileManager.default.copyItem(atPath: fixture.folder, toPath: copy)
        }
        let left = try SQLiteStore(folder: copy, clock: fixture.hub.clock.now)
        let store = try #require(try await left.tenant(nil))
        let ids = try await store.outbox(after: 0, limit: 100, grant: InternalGrant(.delivering))
            .compactMap {
                NotificationMessage(bytes: $0.body)?.entity.id.uri
            }
        #expect(ids.suffix(15) == (5..<20).map { "urn:bus:\($0)" }[...])
        await left.close()
    }

    @Test func `a paused subscription gets nothing, and changes meanwhile are not sent later`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe()
        func setActive(_ isActive: Bool) async throws {
            try await fixture.hub.subscribing.updateSubscription(
                id,
                ["isActive": .bool(isActive)],
                ld: .core,
                caller: SubscriptionFixture.boss
            )
        }
        try await fixture.delivering {
            try await setActive(false)
            try await fixture.create("urn:bus:1", speed: 1)
            try await setActive(true)
            try await fixture.create("urn:bus:2", speed: 2)
            let requests = await fixture.recorder.next(1)
            let request = try #require(requests.first)
            #expect(request.entities.map { $0["id"] } == ["urn:bus:2"])
        }
    }

    @Test func `throttling continues after a restart`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe(["throttling": 3_600])
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            _ = await fixture.recorder.next(1)
        }
        fixture.hub.subscriptions.replace([], .entities, tenant: nil)
        try await fixture.hub.following.loadSubscriptions()
        try await fixture.delivering {
            try await fixture.create("urn:bus:2", speed: 2)
            try await fixture.subscribe(to: "http://other.example/")
            try await fixture.create("urn:bus:3", speed: 3)
            let nexts = await fixture.recorder.next(1)
            let next = try #require(nexts.first)
            #expect(next.url == "http://other.example/")
        }
        #expect(try await fixture.notification(of: id)["timesSent"] == 1)
        #expect(try await fixture.depth == 2)
    }

    @Test func `a changed endpoint is tried at once`() async throws {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 3_600_000_000
        let fixture = try await SubscriptionFixture(limits: limits)
        let id = try await fixture.subscribe(to: "http://wrong.example/")
        fixture.recorder.answering {
            $0.url.contains("wrong") ? .failed("The receiver answered 404.") : .delivered
        }
        try await fixture.delivering {
            try await fixture.create("urn:bus:1", speed: 1)
            _ = await fixture.recorder.next(1)
            try await fixture.hub.subscribing.updateSubscription(
                id,
                ["notification": ["endpoint": ["uri": "http://right.example/"]]],
                ld: .core,
                caller: SubscriptionFixture.boss
            )
            let agains = await fixture.recorder.next(1)
            let again = try #require(agains.first)
            #expect(again.url == "http://right.example/")
        }
    }

    @Test func `too many messages for a dead receiver become dead letters`() async throws {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 3_600_000_000
        limits.maximumHeldBack = 2
        limits.maximumDeadLetters = 3
        let fixture = try await SubscriptionFixture(limits: limits)
        let id = try await fixture.subscribe()
        try await fixture.subscribe(to: "http://alive.example/")
        fixture.recorder.answering {
            $0.url.contains("alive") ? .delivered : .failed("The receiver answered 500.")
        }
        try await fixture.delivering {
            try await fixture.create("urn:bus:0", speed: 0)
            _ = await fixture.recorder.next(2)
            for number in 1..<7 { try await fixture.create("urn:bus:\(number)", speed: number) }
            _ = await fixture.recorder.next(6)
        }
        let boss = SubscriptionFixture.boss
        let letters = try await fixture.hub.subscribing.deadLetters(limit: 10, caller: boss)
            .summaries
        #expect(letters.count == 3)
        #expect(letters.allSatisfy { $0.objectValue?["subscriptionId"] == .string(id) })
        #expect(try await fixture.depth == 2)
        let first = letters.first?.objectValue?["id"]?.stringValue
        #expect(
            try await fixture.hub.subscribing.dropDeadLetters(.init(id: first), caller: boss) == 1
        )
        #expect(
            try await fixture.hub.subscribing.replayDeadLetters(
                .init(subscription: "urn:x"),
                caller: boss
            ) == 0
        )
        #expect(
            try await fixture.hub.subscribing.replayDeadLetters(
                .init(subscription: id),
                caller: boss
            ) == 2
        )
        #expect(try await fixture.depth == 4)
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await SubscriptionFixture(policy: Policy(permissions: [])).hub.subscribing
                .dropDeadLetters(
                    caller: Caller(party: .named(PartyID("guest")))
                )
        }
    }

    @Test func `writes are refused while too many notifications wait, and none is dropped`()
        async throws
    {
        var limits = DeliveryLimits()
        limits.maximumWaiting = 3
        limits.longestWriteDelay = .zero
        let fixture = try await SubscriptionFixture(limits: limits)
        try await fixture.subscribe()
        let (gate, opener) = AsyncStream<Void>.makeStream()
        fixture.recorder.answering { _ in
            for await _ in gate { break }
            return .delivered
        }
        try await fixture.delivering {
            try await fixture.create("urn:bus:0", speed: 0)
            _ = await fixture.recorder.next(1)
            var accepted = 1
            await #expect(throws: BrokerError(.tooManyRequests, "")) {
                while true {
                    try await fixture.create("urn:bus:\(accepted)", speed: accepted)
                    accepted += 1
                }
            }
            #expect(accepted == 3)
            opener.finish()
            let rest = await fixture.recorder.next(accepted - 1)
            #expect(rest.map { $0.entities.first?["id"] } == ["urn:bus:1", "urn:bus:2"])
        }
        #expect(try await fixture.depth == 0)
    }

    @Test func `a subscriber whose receiver is dead uses its own share, and stops nobody's writes`()
        async throws
    {
        var limits = DeliveryLimits()
        limits.maximumWaiting = 3
        limits.longestWriteDelay = .zero
        limits.bytesPerNotification = 1_000
        limits.maximumBytes = 12_000
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .subscribe],
            target: .everything
        )
        let fixture = try await SubscriptionFixture(
            policy: Policy(permissions: [rule]),
            limits: limits
        )
        let slow = try await fixture.subscribe(
            to: "http://slow.example/",
            caller: Caller(party: .anonymous)
        )
        try await fixture.subscribe(to: "http://quick.example/")
        let (gate, opener) = AsyncStream<Void>.makeStream()
        fixture.recorder.answering { request in
            if request.url.contains("slow") { for await _ in gate { break } }
            return .delivered
        }
        try await fixture.delivering {
            for number in 0..<30 {
                try await fixture.create("urn:bus:\(number)", speed: number)
                var told = ""
                while told != "http://quick.example/", !Task.isCancelled {
                    told = await fixture.recorder.next(1).first?.url ?? ""
                }
            }
            opener.finish()
        }
        let letters = try await fixture.hub.subscribing.deadLetters(
            limit: 100,
            caller: SubscriptionFixture.boss
        ).summaries
        #expect((15..<30).contains(letters.count))
        #expect(letters.allSatisfy { $0.objectValue?["subscriptionId"] == .string(slow) })
    }

    @Test func `messages that waited in a snapshot are sent after a restart`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.create("urn:bus:1", speed: 1)
        try await fixture.snapshot()
        let inside = try fixture.on()
        try await fixture.subscribe(caller: inside)
        try await fixture.set(speed: 9, of: "urn:bus:1", inside)
        try await fixture.delivering {
            let requests = await fixture.recorder.next(1)
            let request = try #require(requests.first)
            #expect(request.entities.map { $0["id"] } == ["urn:bus:1"])
        }
    }
}
