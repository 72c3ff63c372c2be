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
            for (source, some) in Dictionary(grouping: devices, by: \.0) {
                try await add(some.map(\.1), to: source)
            }
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

    private func add(_ devices: [Device], to key: SourceKey) async throws {
        guard let source = source(key), let mapping = source.mapping as? DeviceGroupMapping else {
            throw BrokerError(.conflict, "The group was removed meanwhile.")
        }
        let all = mapping.all + devices
        guard all.count <= Self.maximumDevices else {
            throw BrokerError(
                .tooManyResults,
                "A group has \(Self.maximumDevices) devices at most."
            )
        }
        try await permit(Self.types(mapping.group, all), to: source)
        let store = try await access.existingStore(key.tenant)
        let documents = devices.map { $0.document(of: key.name) }
        try await store.bookkeep { transaction in
            for document in documents { try transaction.put(document, isQuiet: true) }
        }
        do {
            for device in devices { try await makeAttributes(of: device, key) }
        } catch {
            try await store.bookkeep { transaction in
                for document in documents {
                    _ = try transaction.removeDocument(.device, id: document.id)
                }
            }
            throw error
        }
        for device in devices { takeUp(device, of: key) }
    }

    private func takeUp(_ device: Device, of key: SourceKey) {
        (source(key)?.mapping as? DeviceGroupMapping)?.known[device.id] = device
        registry.put(device, of: key)
    }

    /// Lets the party of the group write these types alone.
    private func permit(_ types: [IRI], to source: LiveSource) async throws {
        guard source.kept.types != types else { return }
        var kept = source.kept
        kept.types = types
        try await change(kept, of: source.key.tenant) { _ in }
        try takeUp(kept, of: source.key.tenant)
    }

    /// Makes the attributes by which a device gets commands, where the entity has none, and writes the static ones,
    /// where there is an entity.
    private func makeAttributes(of device: Device, _ key: SourceKey) async throws {
        let makesEntity = !device.settings.commands.isEmpty
        guard makesEntity || !device.settings.statics.isEmpty else { return }
        let session = try await writing.session(key.caller)
        let reserved = registry.reservedNames(of: device.entity, key.tenant)
            .union(device.reservedNames)
        let result = try await session.changeEach([device], id: \.entity) {
            [now = session.now] device, stored -> (EntityChange?, BatchOutcome) in
            guard makesEntity || stored != nil else { return (nil, BatchOutcome(isNew: false)) }
            let json = device.initialEntity(besides: stored, reserved)
            return try BatchInput(json, ld: .core, .readings, at: now).change(stored, at: now)
        }
        if let failure = result.failure { throw failure }
        for one in result.results { _ = try one.get() }
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
            try await permit(Self.types(mapping.group, others + [device, changed]), to: source)
            try await makeAttributes(of: changed, source.key)
            let document = changed.document(of: source.key.name)
            try await access.existingStore(caller.tenant)
                .bookkeep { try $0.put(document, isQuiet: true) }
            takeUp(changed, of: source.key)
            try await permit(Self.types(mapping.group, others + [changed]), to: present(source))
        }
    }

    /// The source as it is now.
    private func present(_ source: LiveSource) -> LiveSource {
        self.source(source.key) ?? source
    }

    /// Removes a device; its entity stays.
    package func deleteDevice(_ id: String, key: String?, caller: Caller) async throws {
        try await provisioning.take { [self] in
            let (source, mapping, device) = try known(id, key, caller)
            let name = source.key.name
            let commands = device.settings.commands.map { "\(name.text)/\(id)/\($0)" }
            try await access.existingStore(caller.tenant).bookkeep { transaction in
                _ = try transaction.removeDocument(
                    .device,
                    id: Device.documentID(of: id, in: name)
                )
                for command in commands {
                    _ = try transaction.removeDocument(.deviceCommand, id: command)
                }
            }
            mapping.known[id] = nil
            registry.remove(id, of: source.key)
            try await permit(Self.types(mapping.group, mapping.all), to: present(source))
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
