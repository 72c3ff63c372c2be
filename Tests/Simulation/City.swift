import Broker
import ContextModel
import Governance
import Storage
import StorageMemory

/// A city of which minutes pass in moments: clients change entities and subscriptions through two
/// processes of its hub, which stop and start at random, and receivers fail at random.
final class City: @unchecked Sendable {
    // Everything is used on the main thread, on which all tasks run.
    private static let boss = Caller(party: .operator)
    private static let types = ["Bus", "Tram"]
    private static let interval = 5

    private let world: World
    private let memory: SharedMemory
    private let receivers: Receivers
    private let duration: Duration
    /// The processes that accept requests.
    private var serving: [Int: HubProcess] = [:]
    private var running: [Int: Task<Void, Never>] = [:]
    private var restarts = 0
    private let end: Int64
    /// The value of each entity, as its writer knows it.
    private var values: [String: Int] = [:]
    /// When subscriptions were deleted, by their endpoint.
    private var deletions: [String: Int64] = [:]
    private(set) var faults: [String] = []

    init(_ world: World, for duration: Duration) {
        self.world = world
        self.duration = duration
        end = world.clock().microseconds + Int64(duration / .microseconds(1))
        memory = SharedMemory { world.begin($0) }
        receivers = Receivers(world)
    }

    func note(_ fault: String) { faults.append(fault) }

    /// The trace, which is equal for two runs from one seed.
    var trace: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for told in receivers.told {
            for byte in "\(told.url) \(told.entity) \(told.value);".utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        return "\(receivers.told.count) values told, \(receivers.lostAnswers) answers lost, "
            + "\(restarts) restarts, \(deletions.count) subscriptions deleted, "
            + "\(world.steps) steps, trace \(String(hash, radix: 16))"
    }

    /// Runs the simulation; `faults` has the violations afterwards.
    func live() async throws {
        for slot in 0..<2 { try await start(slot) }
        try await subscribe()
        // By then every process knows of them, even after a failed read of the feed.
        try await world.sleep(.seconds(5))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 { group.addTask { try await self.write(as: writer) } }
            group.addTask { try await self.subscribeAndUnsubscribe() }
            group.addTask { try await self.makeTransients() }
            group.addTask { try await self.restartByChance() }
            try await group.waitForAll()
        }
        // By then failed deliveries have been repeated.
        try await world.sleep(.seconds(120))
        try await check()
        for slot in 0..<2 { await stop(slot) }
    }

    /// Whether the clients continue.
    private var isRunning: Bool { world.clock().microseconds < end }

    // MARK: Processes

    private func start(_ slot: Int) async throws {
        let process = try await HubProcess("hub-\(slot)", over: memory, sender: receivers, world)
        running[slot] = Task { await process.run() }
        serving[slot] = process
    }

    /// Stops a process as a load balancer and a service manager do: first no new requests, then
    /// the signal.
    private func stop(_ slot: Int) async {
        serving[slot] = nil
        try? await world.sleep(.milliseconds(500))
        running[slot]?.cancel()
        await running[slot]?.value
    }

    private func restartByChance() async throws {
        while isRunning {
            try await world.sleep(.seconds(world.random(10...60)))
            let slot = world.random(0...1)
            await stop(slot)
            restarts += 1
            try await world.sleep(.milliseconds(world.random(0...20_000)))
            try await start(slot)
        }
    }

    /// One of the processes, at random.
    private var anyHub: Hub {
        let hubs = serving.sorted { $0.key < $1.key }.map(\.value.hub)
        return hubs[world.random(0...hubs.count - 1)]
    }

    // MARK: Clients

    private func subscribe() async throws {
        for type in Self.types {
            _ = try await subscribe(to: "http://\(type.lowercased()).example/", type: type)
        }
        _ = try await subscribe(
            to: "http://periodic.example/",
            type: "Bus",
            ["timeInterval": .number(JSONNumber(Self.interval))]
        )
    }

    private func subscribe(
        to url: String,
        type: String,
        _ members: JSONObject = [:]
    ) async throws -> String {
        var body: JSONObject = [
            "type": "Subscription", "entities": [["type": .string(type)]],
            "notification": ["endpoint": ["uri": .string(url)]],
        ]
        body.members += members.members
        return try await anyHub.subscribing.createSubscription(
            .object(body),
            ld: .core,
            caller: Self.boss
        )
    }

    /// Changes entities of this writer, and reads each through another process.
    private func write(as writer: Int) async throws {
        for number in 0..<4 {
            let type = Self.types[number % 2]
            _ = try await anyHub.writing.createEntity(
                [
                    "id": .string("urn:\(type):\(writer):\(number)"), "type": .string(type),
                    "count": ["type": "Property", "value": 0],
                ],
                ld: .core,
                caller: Self.boss
            )
        }
        while isRunning {
            try await world.sleep(.milliseconds(world.random(0...1_500)))
            let number = world.random(0...3)
            let id = "urn:\(Self.types[number % 2]):\(writer):\(number)"
            let value = values[id, default: 0] + 1
            _ = try await anyHub.writing.updateAttributes(
                of: EntityID(id),
                ["count": ["type": "Property", "value": .number(JSONNumber(value))]],
                ld: .core,
                caller: Self.boss
            )
            values[id] = value
            let seen = try await count(of: id, by: anyHub)
            if seen != value { faults.append("\(id) is \(seen ?? -1) after \(value) was written") }
        }
    }

    private func count(of id: String, by hub: Hub) async throws -> Int? {
        let found = try await hub.reading.retrieveEntity(EntityID(id), caller: Self.boss)
        let count = try found.answer.entity.value()[IRI("\(LDContext.core.expand("count"))")]
        return count.first?.value.numberValue?.intValue
    }

    private func subscribeAndUnsubscribe() async throws {
        var number = 0
        while isRunning {
            number += 1
            let url = "http://short-\(number).example/"
            let id = try await subscribe(to: url, type: Self.types[number % 2])
            try await world.sleep(.milliseconds(world.random(0...20_000)))
            try await anyHub.subscribing.deleteSubscription(id, caller: Self.boss)
            deletions[url] = world.clock().microseconds
        }
    }

    /// Makes entities that expire, and checks that they do.
    private func makeTransients() async throws {
        var number = 0
        while isRunning {
            number += 1
            let id = EntityID("urn:Event:\(number)")
            let expiry = Timestamp(microseconds: world.clock().microseconds + 10_000_000)
            _ = try await anyHub.writing.createEntity(
                ["id": .string(id.uri), "type": "Event", "expiresAt": .string(expiry.text)],
                ld: .core,
                caller: Self.boss
            )
            try await world.sleep(.milliseconds(10_001))
            let isThere = (try? await anyHub.reading.retrieveEntity(id, caller: Self.boss)) != nil
            if isThere { faults.append("\(id.uri) is there after it has expired") }
        }
    }

    // MARK: What must be so

    private func check() async throws {
        let store = try await MemoryStore(memory, clock: world.clock.now).makeTenant(nil)
        let depth = try await store.outboxDepth()
        if depth.count > 0 { faults.append("\(depth.count) messages wait still") }
        let dead = try await store.documentCount(.deadLetter)
        if dead > 0 { faults.append("\(dead) messages are dead letters") }
        let left = try await store.expired(
            at: world.clock(),
            limit: 100,
            grant: InternalGrant(.retention)
        )
        if !left.isEmpty { faults.append("\(left.count) entities were not removed") }
        checkOrder()
        checkAllIsTold()
        checkDeletions()
        checkIntervals()
        for (id, value) in values {
            for process in serving.values {
                let seen = try await count(of: id, by: process.hub)
                if seen != value { faults.append("\(id) ends as \(seen ?? -1), not \(value)") }
            }
        }
    }

    /// Checks that no receiver gets a value after a later one.
    private func checkOrder() {
        var last: [String: Int] = [:]
        var repeated = 0
        for told in receivers.told where !told.url.contains("periodic") {
            let key = told.url + told.entity
            let before = last[key, default: -1]
            if told.value < before {
                faults.append("\(told.url) is told \(told.value) of \(told.entity) after \(before)")
            }
            repeated += told.value == before ? 1 : 0
            last[key] = told.value
        }
        if repeated > receivers.repeatable {
            faults.append("\(repeated) values came again, with \(receivers.repeatable) lost")
        }
    }

    /// Checks that permanent subscribers receive every value whose write was acknowledged.
    private func checkAllIsTold() {
        let told = Set(receivers.told)
        for (id, value) in values {
            let type = Self.types.first { id.hasPrefix("urn:\($0):") } ?? ""
            let url = "http://\(type.lowercased()).example/"
            for number in 0...value where !told.contains(.init(url: url, entity: id, value: number))
            {
                faults.append("\(url) was never told \(number) of \(id)")
            }
        }
    }

    /// Checks that deleted subscriptions get no notifications, except those already being sent.
    private func checkDeletions() {
        for (url, moment) in deletions {
            let late = receivers.arrivals[url, default: []].filter { $0 > moment + 3_000_000 }
            if !late.isEmpty {
                faults.append("\(url) was notified after its subscription was deleted")
            }
        }
    }

    /// Checks that intervals are kept, whichever process is in charge.
    private func checkIntervals() {
        let arrivals = receivers.arrivals["http://periodic.example/", default: []]
        let gaps = zip(arrivals, arrivals.dropFirst()).map { $1 - $0 }
        let shortest = gaps.min() ?? 0
        if shortest < Int64(Self.interval) * 1_000_000 - 1_000_000 {
            faults.append("\(shortest) µs are between two notifications at intervals")
        }
        let expected = Int(duration / .seconds(Self.interval))
        if arrivals.count < expected / 2 {
            faults.append("\(arrivals.count) notifications at intervals came, of some \(expected)")
        }
    }
}
