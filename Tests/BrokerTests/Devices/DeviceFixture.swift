import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// A hub where devices are provisioned, at a time that the test moves.
struct DeviceFixture {
    static let boss = SubscriptionFixture.boss
    static let key = "4jggokgpepnvsb2uv4s40d59ov"
    /// 08:00 of 1 May 2026.
    static let start = Timestamp(microseconds: 1_777_622_400_000_000)

    let subscriptions: SubscriptionFixture
    private let time: SharedTime

    private final class SharedTime: Sendable {
        let now = Mutex(DeviceFixture.start)
    }

    var hub: Hub { subscriptions.hub }
    var sourcing: Sourcing { hub.sourcing }

    init(
        memory: SharedMemory = SharedMemory(),
        onDisk: Bool = false,
        habit: StoreDouble.Habit = .runsBodiesTwice
    ) async throws {
        let time = SharedTime()
        self.time = time
        subscriptions = try await SubscriptionFixture(
            policy: Policy(permissions: []),
            onDisk: onDisk,
            memory: memory,
            record: RecordDouble(),
            sources: LineSources(),
            now: { time.now.withLock(\.self) },
            habit: habit
        )
    }

    /// The commands that are to be sent now, of which none is underway.
    func takeUp(
        places: Int = 20,
        isUnderway: @Sendable (WaitingCommand) -> Bool = { _ in false }
    ) async throws -> [(command: WaitingCommand, target: CommandTarget)] {
        let taken = await sourcing.takeUpCommands(
            within: FairShares(capacity: places),
            isUnderway: isUnderway
        )
        if let failure = taken.failures.first { throw failure }
        return taken.commands
    }

    func pass(seconds: Int64) {
        time.now.withLock {
            $0 = Timestamp(microseconds: $0.microseconds + seconds * 1_000_000)
        }
    }

    func provisionGroup(
        _ more: JSONObject = [:],
        key: String = key,
        caller: Caller = boss
    ) async throws {
        var group: JSONObject = [
            "apikey": .string(key), "entity_type": "Device", "resource": "/iot/json",
        ]
        for (name, value) in more.members { group[name] = value }
        try await sourcing.createGroups([.object(group)], path: "/", caller: caller)
    }

    func provisionDevice(
        _ id: String,
        _ more: JSONObject = [:],
        caller: Caller = boss
    ) async throws {
        var device: JSONObject = ["device_id": .string(id), "apikey": .string(Self.key)]
        for (name, value) in more.members { device[name] = value }
        try await sourcing.createDevices([.object(device)], path: "/", caller: caller)
    }

    func group(_ key: String = key) throws -> LiveSource {
        try #require(sourcing.deviceGroup(key: key))
    }

    /// Sends as a device does.
    @discardableResult
    func send(
        _ body: String,
        from device: String,
        _ content: MeasureAddress.Content = .measures,
        time: String? = nil,
        key: String = key
    ) async throws -> MessageOutcome {
        let message = ReceivedMessage(
            Array(body.utf8),
            topic: MeasureAddress(device: device, content, time: time).text,
            receivedAt: hub.clock()
        )
        return try await sourcing.receive([message], by: group(key))[0]
    }

    /// The entity with its attributes, normalized.
    func entity(_ id: String) async throws -> JSONObject {
        let entity = try await hub.reading.retrieveEntity(EntityID(id), caller: Self.boss).entity
            .decoded()
        var json = JSONWriter(reservingBytes: 256)
        EntityWriter(Representation(), context: .core).write(entity, to: &json)
        return try #require(try JSONReader.read(json.bytes).objectValue)
    }

    /// The value of an attribute; nil where there is none.
    func value(_ name: String, of id: String) async throws -> JSONValue? {
        try await subscriptions.shown(id).objectValue?[name]
    }

    /// Writes an attribute as an application does.
    func command(
        _ name: String,
        _ value: JSONValue,
        to id: String,
        caller: Caller = boss
    ) async throws {
        try await hub.writing.updateAttribute(
            name,
            of: EntityID(id),
            ["type": "Property", "value": value],
            ld: .core,
            caller: caller
        )
    }
}
