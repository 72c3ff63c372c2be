package import ContextModel
package import Governance
import Logging
import Storage

/// Operations on devices, as FIWARE's IoT Agents have them. They are not part of the standard.
extension Sourcing {
    /// The most devices of a group.
    package static let maximumDevices = 20_000

    /// Creates devices: all of them, or none when one cannot be used.
    ///
    /// An entity is made at once for a device that has commands, for an attribute must be there to be
    /// written. Throws `badRequestData` with the member and the reason, and `alreadyExists`.
    package func createDevices(_ list: [JSONValue], path: String?, caller: Caller) async throws {
        try access.requireAdministration(caller)
        try await provisioning.take { [self] in
            var devices: [(SourceKey, Device)] = []
            for (index, json) in list.enumerated() {
                let place = "devices[\(index)]"
                let (source, mapping) = try groupOfNew(json, at: place, caller)
                let device = try Device(json, at: place, path: path, of: mapping.group)
                let isThere = devices.contains { $0.0 == source.key && $0.1.id == device.id }
                guard mapping.device(device.id) == nil, !isThere else {
                    throw BrokerError(
                        .alreadyExists,
                        "There is a device '\(device.id)' in its group."
                    )
                }
                devices.append((source.key, device))
            }
            try await add(Dictionary(grouping: devices, by: \.0).mapValues { $0.map(\.1) }, caller)
        }
    }

    /// The group of a new device: that of its key, or the only one.
    private func groupOfNew(
        _ json: JSONValue,
        at place: String,
        _ caller: Caller
    ) throws(BrokerError) -> (LiveSource, DeviceGroupMapping) {
        let known = groups(of: caller.tenant)
        guard let value = json.objectValue?["apikey"], !value.isNull else {
            guard known.count == 1 else {
                throw BrokerError(
                    .badRequestData,
                    "`\(place)` has no `apikey`, and there \(known.isEmpty ? "is no group" : "are several groups")."
                )
            }
            return known[0]
        }
        guard let key = value.stringValue, let source = registry.source(key: key),
            let group = known.first(where: { $0.0.key == source })
        else {
            throw BrokerError(.badRequestData, "`\(place).apikey` is the key of no group.")
        }
        return group
    }

    /// Keeps new devices of some groups, and makes what their entities need; nothing is left where one is refused.
    private func add(_ devices: [SourceKey: [Device]], _ caller: Caller) async throws {
        var kept = GroupChanges(), taken = GroupChanges()
        for (key, new) in devices {
            guard let source = source(key), let mapping = source.mapping as? DeviceGroupMapping
            else { throw BrokerError(.conflict, "The group was removed meanwhile.") }
            let all = mapping.all + new
            guard all.count <= Self.maximumDevices else {
                throw BrokerError(
                    .tooManyResults,
                    "A group has \(Self.maximumDevices) devices at most."
                )
            }
            kept.types[key] = Self.types(mapping.group, all)
            taken.types[key] = source.kept.types
            kept.put += new.map { $0.document(of: key.name) }
        }
        taken.removed = kept.put.map { ($0.kind, $0.id) }
        let all = devices.flatMap { key, new in new.map { (key, $0) } }
        try await keep(kept, orElse: taken, caller.tenant, making: all)
        for (key, new) in devices { for device in new { takeUp(device, of: key) } }
    }

    /// Keeps changes of groups, and makes what the entities of these devices need.
    ///
    /// Where an entity cannot be written, `otherwise` is kept, and the entities become what they were.
    private func keep(
        _ changes: GroupChanges,
        orElse otherwise: GroupChanges,
        _ tenant: TenantName?,
        making devices: [(SourceKey, Device)]
    ) async throws {
        try await keep(changes, tenant)
        var made: [(SourceKey, EntityChange)] = []
        do {
            for (key, device) in devices {
                if let change = try await makeAttributes(of: device, key) {
                    made.append((key, change))
                }
            }
        } catch {
            for (key, change) in made.reversed() { await undo(change, by: key) }
            try await keep(otherwise, tenant)
            throw error
        }
    }

    /// Keeps all of it or nothing; the parties of the groups may then write the types that it says.
    private func keep(_ changes: GroupChanges, _ tenant: TenantName?) async throws {
        var sources: [KeptSource] = []
        for (key, types) in changes.types {
            guard var kept = source(key)?.kept, kept.types != types else { continue }
            kept.types = types
            sources.append(kept)
        }
        sources.sort { $0.name < $1.name }
        guard !sources.isEmpty else {
            // The record has what may be written, and this stays the same.
            return try await access.existingStore(tenant).bookkeep { transaction in
                for document in changes.put { try transaction.put(document, isQuiet: true) }
                for (kind, id) in changes.removed {
                    _ = try transaction.removeDocument(kind, id: id)
                }
            }
        }
        try await change(sources, of: tenant) { documents in
            for document in changes.put { documents.put(document) }
            for (kind, id) in changes.removed { documents.remove(kind, id: id) }
        }
        for kept in sources { try takeUp(kept, of: tenant) }
    }

    private func takeUp(_ device: Device, of key: SourceKey) {
        (source(key)?.mapping as? DeviceGroupMapping)?.known[device.id] = device
        registry.put(device, of: key)
    }

    /// Makes the attributes by which a device gets commands, where the entity has none, and writes the static ones,
    /// where there is an entity; returns what has changed.
    private func makeAttributes(of device: Device, _ key: SourceKey) async throws -> EntityChange? {
        let makesEntity = !device.settings.commands.isEmpty
        guard makesEntity || !device.settings.statics.isEmpty else { return nil }
        let session = try await writing.session(key.caller)
        let reserved = registry.reservedNames(of: device.entity, key.tenant)
            .union(device.reservedNames)
        let result = try await session.changeEach([device], id: \.entity) {
            [now = session.now] device, stored -> (EntityChange?, EntityChange?) in
            guard makesEntity || stored != nil else { return (nil, nil) }
            let json = device.initialEntity(besides: stored, reserved)
            let input = try BatchInput(json, ld: .core, .readings, at: now)
            let change = try input.change(stored, at: now).0
            return (change, change)
        }
        if let failure = result.failure { throw failure }
        return try result.results.first?.get()
    }

    /// Takes back what was made of an entity, unless somebody has written it since.
    private func undo(_ change: EntityChange, by key: SourceKey) async {
        guard let made = change.after else { return }
        do {
            let session = try await writing.session(key.caller)
            let result = try await session.changeEach([made.id], id: \.self) {
                [now = session.now] _, stored -> (EntityChange?, Bool) in
                guard let stored, stored.modifiedAt == made.modifiedAt else { return (nil, false) }
                return (.undoing(change, of: stored, at: now), true)
            }
            if let failure = result.failure { throw failure }
            _ = try result.results.first?.get()
        } catch {
            logger.error(
                "What was made for a refused device stays in the entity '\(made.id)': \(error)"
            )
        }
    }

    /// The devices of the caller's tenant with this path; nil and `/*` stand for all.
    package func devices(
        path: String?,
        limit: Int,
        offset: Int,
        caller: Caller
    ) throws -> (list: [JSONValue], count: Int) {
        try access.requireAdministration(caller)
        let all = groups(of: caller.tenant).flatMap { source, mapping in
            mapping.all.filter { Self.isShown($0.path, to: path) }.map { (source, $0) }
        }
        let page = all.dropFirst(max(0, offset)).prefix(max(0, limit))
        return (page.map { .object($0.1.shown(of: $0.0)) }, all.count)
    }

    /// One device; throws `resourceNotFound`.
    ///
    /// `key` tells apart devices of two groups.
    package func device(_ id: String, key: String?, caller: Caller) throws -> JSONValue {
        let (source, _, device) = try known(id, key, caller)
        return .object(device.shown(of: source))
    }

    private func known(
        _ id: String,
        _ key: String?,
        _ caller: Caller
    ) throws -> (LiveSource, DeviceGroupMapping, Device) {
        try access.requireAdministration(caller)
        let meant = key.map { registry.source(key: $0) }
        let found = groups(of: caller.tenant).compactMap { source, mapping in
            meant == nil || meant == source.key
                ? mapping.device(id).map { (source, mapping, $0) } : nil
        }
        guard let first = found.first else {
            throw BrokerError(.resourceNotFound, "There is no device '\(id)'.")
        }
        guard found.count == 1 else {
            throw BrokerError(
                .conflict,
                "Several groups have a device '\(id)'; name the group with 'apikey'."
            )
        }
        return first
    }

    /// Gives a device other members; those that are not given stay.
    package func changeDevice(
        _ id: String,
        key: String?,
        by changes: JSONValue,
        caller: Caller
    ) async throws {
        try await provisioning.take { [self] in
            let (source, mapping, device) = try known(id, key, caller)
            if let key = changes.objectValue?["apikey"]?.stringValue,
                registry.source(key: key) != source.key
            {
                throw BrokerError(.badRequestData, "`device.apikey` cannot be changed.")
            }
            let changed = try device.changed(by: changes, of: mapping.group)
            let others = mapping.all.filter { $0.id != id }
            let key = source.key, name = key.name
            // While the entity is written, the group may write the old type and the new one.
            try await keep(
                GroupChanges(
                    types: [key: Self.types(mapping.group, others + [device, changed])],
                    put: [changed.document(of: name)]
                ),
                orElse: GroupChanges(
                    types: [key: source.kept.types],
                    put: [device.document(of: name)]
                ),
                caller.tenant,
                making: [(key, changed)]
            )
            takeUp(changed, of: key)
            let types = Self.types(mapping.group, others + [changed])
            try await keep(GroupChanges(types: [key: types]), caller.tenant)
        }
    }

    /// Removes a device; its entity stays.
    package func deleteDevice(_ id: String, key: String?, caller: Caller) async throws {
        try await provisioning.take { [self] in
            let (source, mapping, device) = try known(id, key, caller)
            let name = source.key.name
            let commands = device.settings.commands.map {
                (Document.Kind.deviceCommand, "\(name.text)/\(id)/\($0)")
            }
            let rest = mapping.all.filter { $0.id != id }
            try await keep(
                GroupChanges(
                    types: [source.key: Self.types(mapping.group, rest)],
                    removed: [(.device, Device.documentID(of: id, in: name))] + commands
                ),
                caller.tenant
            )
            mapping.known[id] = nil
            registry.remove(id, of: source.key)
        }
    }

    /// The devices that the store has of a group; none for another source.
    func devices(of kept: KeptSource, _ store: any TenantStore) async throws -> [Device] {
        guard let group = kept.group else { return [] }
        let documents = try await store.documents(
            .device,
            of: kept.name.text,
            offset: 0,
            limit: .max
        )
        return documents.compactMap { document in
            let device = Device(document, of: group)
            if device == nil { logger.error("The device '\(document.id)' is damaged.") }
            return device
        }
    }
}

/// What is to be kept of some groups and their devices.
private struct GroupChanges: Sendable {
    /// The types that each group may write.
    var types: [SourceKey: [IRI]] = [:]
    var put: [Document] = []
    var removed: [(Document.Kind, id: String)] = []
}

extension Device {
    /// The device for whoever provisions, without a key.
    func shown(of source: LiveSource) -> JSONObject {
        var json = provision
        json["device_id"] = .string(id)
        json["entity_name"] = .string(entity.uri)
        json["entity_type"] = .string(type)
        json["service"] = .string(source.key.tenant?.text ?? "")
        json["service_path"] = .string(path ?? "/")
        for name in ["attributes", "lazy", "commands", "static_attributes"] where json[name] == nil
        {
            json[name] = []
        }
        return json
    }

    /// The entity with the attributes of commands that it does not have yet, and the static ones.
    fileprivate func initialEntity(
        besides stored: Entity?,
        _ reserved: Set<IRI>
    ) -> JSONValue {
        var json: JSONObject = ["id": .string(entity.uri), "type": .string(type)]
        func add(_ name: String, _ value: JSONValue) {
            guard stored?[LDContext.core.expand(name)].isEmpty != false else { return }
            json.members.append((name, ["type": "Property", "value": value]))
        }
        for command in settings.commands {
            add(command, "")
            add(Self.statusName(command), "UNKNOWN")
            add(Self.infoName(command), "")
        }
        for attribute in settings.statics {
            // It was checked when it was provisioned.
            guard !reserved.contains(LDContext.core.expand(attribute.name)),
                let value = attribute.value,
                let made = try? attribute.normalized(value, observedAt: nil)
            else { continue }
            json.members.append((attribute.name, made))
        }
        return .object(json)
    }
}
