import ContextModel
import Crypto
import Governance
import Storage
import Synchronization

/// What this process knows of all devices: whose key is whose, which entities stand for them, and which
/// attributes of these are commands.
package final class DeviceRegistry: Sendable {
    /// A device in its group.
    struct Place: Sendable, Hashable {
        var source: SourceKey
        var device: String
    }

    private struct EntityPlace: Hashable {
        var tenant: TenantName?
        var entity: EntityID
    }

    private struct Known {
        var place: Place
        /// The commands by the names that attributes have.
        var commands: [IRI: String]
        /// The names of the device's commands, and of the attributes with their states and results.
        var reserved: Set<IRI>
    }

    private struct State {
        var keys: [SHA256Digest: SourceKey] = [:]
        var entities: [EntityPlace: [Known]] = [:]
        /// The entity of each device.
        var homes: [Place: EntityPlace] = [:]
        var commands = 0
    }

    private let state = Mutex(State())
    /// Whether any device has commands: every change of an entity asks.
    private let hasCommands = Atomic(false)
    private let signals = Mutex<AsyncStream<Void>.Continuation?>(nil)

    init() {}

    // MARK: Keys

    /// The group that has the key; nil for none.
    ///
    /// Digests are compared, so that the time tells nothing of a key.
    func source(key: String) -> SourceKey? {
        let digest = SHA256.hash(data: Array(key.utf8))
        return state.withLock { $0.keys[digest] }
    }

    func put(key: String, of source: SourceKey) {
        let digest = SHA256.hash(data: Array(key.utf8))
        state.withLock { state in
            state.keys = state.keys.filter { $0.value != source }
            state.keys[digest] = source
        }
    }

    // MARK: Devices

    func put(_ device: Device, of source: SourceKey) {
        let place = Place(source: source, device: device.id)
        let commands = device.settings.commands
        let names = commands.map { (LDContext.core.expand($0), $0) }
        let known = Known(
            place: place,
            commands: Dictionary(names, uniquingKeysWith: { first, _ in first }),
            reserved: device.reservedNames
        )
        let entity = EntityPlace(tenant: source.tenant, entity: device.entity)
        state.withLock { state in
            Self.remove(place, &state)
            state.entities[entity, default: []].append(known)
            state.homes[place] = entity
            state.commands += known.commands.count
            hasCommands.store(state.commands > 0, ordering: .relaxed)
        }
    }

    func remove(_ device: String, of source: SourceKey) {
        state.withLock { state in
            Self.remove(Place(source: source, device: device), &state)
            hasCommands.store(state.commands > 0, ordering: .relaxed)
        }
    }

    /// Forgets a group with its devices.
    func remove(_ source: SourceKey) {
        state.withLock { state in
            state.keys = state.keys.filter { $0.value != source }
            for place in state.homes.keys where place.source == source {
                Self.remove(place, &state)
            }
            hasCommands.store(state.commands > 0, ordering: .relaxed)
        }
    }

    private static func remove(_ place: Place, _ state: inout State) {
        guard let entity = state.homes.removeValue(forKey: place) else { return }
        let devices = state.entities[entity] ?? []
        let rest = devices.filter { $0.place != place }
        for gone in devices where gone.place == place { state.commands -= gone.commands.count }
        state.entities[entity] = rest.isEmpty ? nil : rest
    }

    /// Whether the entity stands for devices that were provisioned.
    func isOfDevice(_ entity: EntityID, _ tenant: TenantName?) -> Bool {
        state.withLock { $0.entities[EntityPlace(tenant: tenant, entity: entity)] != nil }
    }

    // MARK: Commands

    /// The names of the commands, of their states and results, of all devices for which the entity stands: no
    /// measure of any of these has them.
    func reservedNames(of entity: EntityID, _ tenant: TenantName?) -> Set<IRI> {
        guard hasCommands.load(ordering: .relaxed) else { return [] }
        let place = EntityPlace(tenant: tenant, entity: entity)
        return state.withLock { state in
            (state.entities[place] ?? []).reduce(into: []) { $0.formUnion($1.reserved) }
        }
    }

    /// The commands that a change of an entity gives, to be kept in its transaction.
    ///
    /// An attribute that was there and is written is a command, also when its value stays the same. Whoever writes
    /// its state, too, copies an entity and commands nothing. It is called on the store's writing thread.
    func commands(
        of change: EntityChange,
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> [KeptNote] {
        guard hasCommands.load(ordering: .relaxed), let entity = change.after,
            change.before != nil
        else { return [] }
        let place = EntityPlace(tenant: tenant, entity: entity.id)
        guard let devices = state.withLock({ $0.entities[place] }) else { return [] }
        let written = Set(change.attributes.map(\.name))
        var notes: [KeptNote] = []
        for attribute in change.attributes {
            guard attribute.before != nil, let after = attribute.after, after.datasetID == nil
            else { continue }
            for device in devices {
                guard let command = device.commands[attribute.name],
                    !written.contains(LDContext.core.expand(Device.statusName(command)))
                else { continue }
                let kept = WaitingCommand(
                    place: device.place,
                    command: command,
                    value: after.value,
                    writtenAt: now
                )
                notes.append(KeptNote(kept.document))
            }
        }
        return notes
    }

    /// Emits after each command; for one who listens.
    func makeSignals() -> AsyncStream<Void> {
        let (stream, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        signals.withLock { $0 = signal }
        return stream
    }

    func signal() { signals.withLock { _ = $0?.yield() } }
}
