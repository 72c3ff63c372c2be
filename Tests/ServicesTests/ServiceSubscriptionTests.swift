import Broker
import ContextModel
import Foundation
import Governance
import Services
import Storage
import StorageMemory
import Synchronization
import Testing

/// Services receive changes by subscriptions whose endpoint is in the hub's process.
@Suite struct ServiceSubscriptionTests {
    private struct Mishap: Error {}

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// The notifications that a handler received, for a test to wait for.
    private final class Told: Sendable {
        private let stream: AsyncStream<ServiceNotification>
        private let told: AsyncStream<ServiceNotification>.Continuation

        init() { (stream, told) = AsyncStream.makeStream() }

        func note(_ notification: ServiceNotification) { told.yield(notification) }

        func next(_ count: Int) async -> [ServiceNotification] {
            var all: [ServiceNotification] = []
            for await one in stream {
                all.append(one)
                if all.count == count { break }
            }
            return all
        }
    }

    /// Opens once.
    ///
    /// Tasks that wait for it continue then, or when they are cancelled.
    private final class Gate: Sendable {
        private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>(
            (false, [])
        )

        func wait() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                defer { state = (true, []) }
                return state.waiting
            }
            for one in waiting { one.resume() }
        }
    }

    private static let clock = HubClock {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    /// A service that may subscribe to reports, whose attribute `reporter` is hidden from it.
    private static func module(
        _ name: String = "lamps",
        timeoutSeconds: Int? = nil,
        members: JSONObject = ["entities": [["type": "LampReport"]]],
        handler: @escaping ServiceSubscription.Handler
    ) -> LampReports {
        var module = LampReports(name: name)
        module.rights[1].actions = [.read, .write, .subscribe]
        module.subscriptions = [
            ServiceSubscription(
                "reports",
                to: members,
                timeoutSeconds: timeoutSeconds,
                handler: handler
            )
        ]
        return module
    }

    private static func city(
        _ modules: [any ServiceModule],
        policy: Policy? = nil,
        memory: SharedMemory = SharedMemory()
    ) async throws -> CityHub {
        let city = CityHub(modules, policy: policy, memory: memory, clock: clock.now)
        try await city.hub.following.loadSubscriptions()
        await host(modules, in: city)
        return city
    }

    private static func host(_ modules: [any ServiceModule], in city: CityHub) async {
        let hosted = modules.map {
            HostedService($0, in: city.hub) { _ in throw CancellationError() }
        }
        await HostedService.subscribe(hosted, in: city.hub)
    }

    private func report(
        _ text: String,
        _ id: String = "urn:report:1",
        in city: CityHub
    ) async throws {
        let result = try await city.all.upsert([
            entity(id, "LampReport", ["text": .string(text), "reporter": "Ana"])
        ])
        #expect(result.errors.isEmpty)
    }

    private static func texts(_ notifications: [ServiceNotification]) -> [String] {
        notifications.flatMap(\.entities).compactMap {
            $0.objectValue?["text"]?.objectValue?["value"]?.stringValue
        }
    }

    // MARK: What it is told

    @Test func `a service gets notifications in order, by its rights, and can act`() async throws {
        let told = Told()
        let module = Self.module { notification, context in
            told.note(notification)
            // It has its own rights only.
            _ = try await context.city.entity(EntityID("urn:report:1"))
            try await context.documents.keep(.string(notification.id), as: "last")
        }
        let city = try await Self.city([module])
        try await city.delivering {
            for number in 0..<20 { try await report("\(number)", in: city) }
            let all = await told.next(20)
            #expect(Self.texts(all) == (0..<20).map { "\($0)" })
            #expect(Set(all.map(\.id)).count == 20)
            let members = all.flatMap(\.entities).compactMap(\.objectValue)
            #expect(members.allSatisfy { $0["reporter"] == nil && $0["id"] == "urn:report:1" })
        }
    }

    @Test
    func `data beyond the rights of a service makes no notification, and hidden data neither`()
        async throws
    {
        let told = Told()
        let members: JSONObject = ["entities": [["type": "LampReport"], ["type": "Person"]]]
        let module = Self.module(members: members) { notification, _ in told.note(notification) }
        let city = try await Self.city([module])
        try await report("first", in: city)
        try await city.delivering {
            _ = try await city.all.upsert([entity("urn:person:1", "Person", ["name": "Ana"])])
            try await city.all.merge(
                ["reporter": ["type": "Property", "value": "Bo"]],
                into: EntityID("urn:report:1")
            )
            try await report("second", in: city)
            #expect(Self.texts(await told.next(2)) == ["first", "second"])
        }
    }

    @Test func `a right that is removed before sending stops a notification`() async throws {
        let told = Told()
        let module = Self.module { notification, _ in told.note(notification) }
        let city = try await Self.city([module])
        try await report("secret", in: city)
        let policy = city.hub.access.policy
        try await city.hub.following.enforce(Policy(permissions: []))
        try await city.delivering {
            try await city.settled()
            try await city.hub.following.enforce(policy)
            try await report("open", in: city)
            #expect(Self.texts(await told.next(1)) == ["open"])
        }
    }

    @Test func `a service that has no right to subscribe is not subscribed`() async throws {
        var module = Self.module { _, _ in }
        module.rights[1].actions = [.read]
        let city = try await Self.city([module])
        #expect(city.hub.subscriptions.keys.isEmpty)
    }

    @Test func `a subscription that one policy refuses is created under another`() async throws {
        let module = Self.module { _, _ in }
        var restrictions = ServiceRestrictions()
        restrictions.actions = [.read]
        let narrowed = Policy(permissions: module.permissions(within: restrictions))
        let city = try await Self.city([module], policy: narrowed)
        #expect(city.hub.subscriptions.keys.isEmpty)
        try await city.hub.following.enforce(Policy(permissions: module.permissions()))
        await Self.host([module], in: city)
        #expect(city.hub.subscriptions.keys.count == 1)
    }

    // MARK: When it fails

    @Test func `a notification whose handler throws is sent again`() async throws {
        let told = Told()
        let count = Counter()
        let module = Self.module { notification, _ in
            told.note(notification)
            if count.next() <= 2 { throw Mishap() }
        }
        let city = try await Self.city([module])
        try await city.delivering {
            try await report("dark", in: city)
            let all = await told.next(3)
            #expect(Set(all.map(\.id)).count == 1)
            try await report("bright", in: city)
            #expect(Self.texts(await told.next(1)) == ["bright"])
        }
    }

    @Test func `a notification that always fails becomes a dead letter`() async throws {
        let module = Self.module { _, _ in throw Mishap() }
        let city = try await Self.city([module])
        let boss = Caller(party: .operator)
        try await city.delivering(maximumAttempts: 2) {
            try await report("dark", in: city)
            try await city.settled()
            let letters = try await city.hub.subscribing.deadLetters(limit: 10, caller: boss)
                .summaries
            #expect(letters.count == 1)
            let letter = letters.first?.objectValue
            #expect(letter?["owner"] == "service:lamps")
            #expect(letter?["reason"]?.stringValue == "The service failed: Mishap()")
        }
    }

    @Test func `a service that does not end delays nobody else, and fails`() async throws {
        let (told, gate) = (Told(), Gate())
        let slow = Self.module("slow", timeoutSeconds: 1) { _, _ in await gate.wait() }
        let quick = Self.module("quick") { notification, _ in told.note(notification) }
        let city = try await Self.city([slow, quick])
        try await city.delivering(maximumAttempts: 2) {
            for number in 0..<5 { try await report("\(number)", in: city) }
            // The first subscription's handler has not ended yet.
            #expect(Self.texts(await told.next(5)) == (0..<5).map { "\($0)" })
            try await city.settled()
            let boss = Caller(party: .operator)
            let letters = try await city.hub.subscribing.deadLetters(limit: 10, caller: boss)
                .summaries
            #expect(letters.allSatisfy { $0.objectValue?["owner"] == "service:slow" })
            #expect(letters.count == 5)
        }
        gate.open()
    }

    // MARK: When the hub stops

    @Test func `notifications that a service had not handled come in the next run`()
        async throws
    {
        let memory = SharedMemory()
        let (begun, told) = (Told(), Told())
        let hanging = Self.module { notification, context in
            begun.note(notification)
            while !Task.isCancelled { await Task.yield() }
            throw CancellationError()
        }
        let first = try await Self.city([hanging], memory: memory)
        try await first.delivering {
            try await report("dark", in: first)
            #expect(Self.texts(await begun.next(1)) == ["dark"])
        }
        let sound = Self.module { notification, _ in told.note(notification) }
        let second = try await Self.city([sound], memory: memory)
        try await second.delivering {
            #expect(Self.texts(await told.next(1)) == ["dark"])
        }
    }

    @Test func `a start creates the subscriptions of a module and removes others`()
        async throws
    {
        let city = try await Self.city([
            Self.module("gone") { _, _ in }, Self.module("lamps") { _, _ in },
        ])
        #expect(city.hub.subscriptions.keys.count == 2)
        let told = Told()
        let narrower: JSONObject = ["entities": [["type": "LampReport"]], "q": "text==\"dark\""]
        let changed = Self.module(members: narrower) { notification, _ in told.note(notification) }
        await Self.host([changed], in: city)
        #expect(city.hub.subscriptions.keys.count == 1)
        try await city.delivering {
            try await report("bright", in: city)
            try await report("dark", in: city)
            #expect(Self.texts(await told.next(1)) == ["dark"])
        }
    }

    // MARK: Who else could name it

    @Test(arguments: [Party.operator, .named(PartyID("office")), .anonymous])
    func `no other party can name a service as the receiver`(party: Party) async throws {
        let module = Self.module { _, _ in Issue.record("told by somebody else") }
        var policy = Policy(permissions: module.permissions())
        policy.permissions.append(
            Permission(assignee: .anyone, actions: [.read, .subscribe], target: .everything)
        )
        let city = try await Self.city([module], policy: policy)
        let body: JSONValue = [
            "id": "urn:s:1", "type": "Subscription", "entities": [["type": "Person"]],
            "notification": ["endpoint": ["uri": "service:lamps/reports"]],
        ]
        await #expect(throws: BrokerError(.badRequestData, "")) {
            _ = try await city.hub.subscribing.createSubscription(
                body,
                ld: .core,
                caller: Caller(party: party)
            )
        }
    }

    @Test func `a service cannot name another one`() async throws {
        let module = Self.module { _, _ in }
        let city = try await Self.city([module])
        for uri in [
            "service:other/reports", "service:lamps", "service:lamps/a/b", "service:lamps/",
        ] {
            let body: JSONValue = [
                "type": "Subscription", "entities": [["type": "LampReport"]],
                "notification": ["endpoint": ["uri": .string(uri)]],
            ]
            await #expect(throws: BrokerError(.badRequestData, "")) {
                _ = try await city.hub.subscribing.createSubscription(
                    body,
                    ld: .core,
                    caller: Caller(party: .service(module.name))
                )
            }
        }
    }

    @Test func `the operator sees what a service subscribes to, and does not change it`()
        async throws
    {
        let module = Self.module { _, _ in }
        let city = try await Self.city([module])
        let boss = Caller(party: .operator)
        let id = "urn:ngsi-ld:Subscription:lamps:reports"
        let shown = try await city.hub.subscribing.retrieveSubscription(id, ld: .core, caller: boss)
        let endpoint = shown.objectValue?["notification"]?.objectValue?["endpoint"]
        #expect(endpoint?.objectValue?["uri"] == "service:lamps/reports")
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await city.hub.subscribing.updateSubscription(
                id,
                ["isActive": false],
                ld: .core,
                caller: boss
            )
        }
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await city.hub.subscribing.deleteSubscription(id, caller: boss)
        }
    }
}
