package import ContextModel
package import Governance
import Storage

/// Operations on groups of devices, as FIWARE's IoT Agents have them. They are not part of the standard.
///
/// A group is a source. So its devices write as its party, and only the types that it and its devices are
/// provisioned with. Whoever runs the hub provisions.
extension Sourcing {
    /// Creates groups: all of them, or none when one cannot be used.
    ///
    /// Throws `badRequestData` with the member and the reason, and `alreadyExists` for a key that a group of
    /// the hub has.
    package func createGroups(_ list: [JSONValue], path: String?, caller: Caller) async throws {
        try access.requireAdministration(caller)
        try await provisioning.take { [self] in
            var groups: [DeviceGroup] = []
            for (index, json) in list.enumerated() {
                let place = "services[\(index)]"
                let group = try DeviceGroup(json, at: place, path: path)
                try Self.requireLongKey(of: group, at: place)
                guard registry.source(key: group.key) == nil,
                    !groups.contains(where: { $0.key == group.key })
                else { throw Self.takenKey }
                groups.append(group)
            }
            try await create(groups, caller)
        }
    }

    /// The least bytes of a new key: who guesses it writes as any device of the group.
    package static let minimumKeyBytes = 8

    private static func requireLongKey(
        of group: DeviceGroup,
        at place: String
    ) throws(BrokerError) {
        guard group.key.utf8.count < minimumKeyBytes else { return }
        throw BrokerError(
            .badRequestData,
            "`\(place).apikey` is a secret of \(minimumKeyBytes) bytes at least; it has "
                + "\(group.key.utf8.count)."
        )
    }

    private static let takenKey = BrokerError(
        .alreadyExists,
        "There is a group with this `apikey`; a key is for one group of the hub alone."
    )

    private func create(_ groups: [DeviceGroup], _ caller: Caller) async throws {
        var new: [KeptSource] = []
        for group in groups {
            let kept = KeptSource(
                name: try freeName(for: group, besides: Set(new.map(\.name)), caller.tenant),
                group: group,
                types: [LDContext.core.expand(group.type)],
                changedAt: clock()
            )
            new.append(kept)
        }
        try await change(new, of: caller.tenant) { [new] changes in
            let kept = try changes.documents(.source)
            try Self.requireRoom(for: new.count, among: kept)
            let names = Set(new.map(\.name.text))
            guard !kept.contains(where: { names.contains($0.id) }) else {
                throw BrokerError(.conflict, "Another group is being made; try again.")
            }
        }
        for kept in new { try takeUp(kept, of: caller.tenant) }
    }

    /// The name of the source: that of its type, with a number where there is one already.
    private func freeName(
        for group: DeviceGroup,
        besides taken: Set<SourceName>,
        _ tenant: TenantName?
    ) throws(BrokerError) -> SourceName {
        let last = group.type.split { "/#:".contains($0) }.last ?? "devices"
        let letters = last.lowercased().unicodeScalars.filter {
            $0.isASCII && ("a"..."z").contains($0) || ("0"..."9").contains($0)
        }
        let word = "devices-" + String(String.UnicodeScalarView(letters)).prefix(40)
        for number in 1...2 * Self.maximumSources + 1 {
            let text = number == 1 ? word : "\(word)-\(number)"
            if let name = SourceName(text), !taken.contains(name),
                source(SourceKey(tenant, name)) == nil
            {
                return name
            }
        }
        throw Self.tooMany
    }

    /// The groups of the caller's tenant with this path; nil and `/*` stand for all.
    package func groups(path: String?, caller: Caller) throws -> [JSONValue] {
        try access.requireAdministration(caller)
        return groups(of: caller.tenant).filter { Self.isShown($0.1.group.path, to: path) }
            .map { .object($0.1.group.shown(of: $0.0)) }
    }

    static func isShown(_ path: String?, to asked: String?) -> Bool {
        guard let asked, !asked.hasSuffix("*") else { return true }
        return (path ?? "/") == asked
    }

    /// The groups of a tenant, by their names.
    func groups(of tenant: TenantName?) -> [(LiveSource, DeviceGroupMapping)] {
        all.filter { $0.key.tenant == tenant }.sorted { $0.key.name < $1.key.name }
            .compactMap { source in
                (source.mapping as? DeviceGroupMapping).map { (source, $0) }
            }
    }

    private func group(
        _ key: String?,
        _ caller: Caller
    ) throws(BrokerError) -> (LiveSource, DeviceGroupMapping) {
        guard let key else {
            throw BrokerError(.badRequestData, "The parameter 'apikey' names the group.")
        }
        guard let source = deviceGroup(key: key), source.key.tenant == caller.tenant,
            let mapping = source.mapping as? DeviceGroupMapping
        else { throw BrokerError(.resourceNotFound, "There is no group with this `apikey`.") }
        return (source, mapping)
    }

    /// Gives a group other members; those that are not given stay.
    package func changeGroup(
        key: String?,
        by changes: JSONValue,
        caller: Caller
    ) async throws {
        try access.requireAdministration(caller)
        try await provisioning.take { [self] in
            let (source, mapping) = try group(key, caller)
            let changed = try mapping.group.changed(by: changes)
            guard changed.key == mapping.group.key || registry.source(key: changed.key) == nil
            else {
                throw Self.takenKey
            }
            if changed.key != mapping.group.key {
                try Self.requireLongKey(of: changed, at: "service")
            }
            let devices = try mapping.all.map { device throws(BrokerError) in
                var provision = device.provision
                provision[Device.pathMember] = nil
                return try Device(.object(provision), at: "device", path: device.path, of: changed)
            }
            var kept = source.kept
            kept.put(changed)
            kept.types = Self.types(changed, devices)
            try await change([kept], of: caller.tenant) { _ in }
            try takeUp(kept, of: caller.tenant, devices: devices)
        }
    }

    /// Removes a group with its devices; their entities stay.
    package func deleteGroup(key: String?, caller: Caller) async throws {
        try access.requireAdministration(caller)
        try await provisioning.take { [self] in
            try await remove(try group(key, caller).0.key)
        }
    }

    /// The types that a group may write.
    static func types(_ group: DeviceGroup, _ devices: [Device]) -> [IRI] {
        let names = Set(devices.map(\.type) + [group.type])
        return names.sorted().map { LDContext.core.expand($0) }
    }
}

extension DeviceGroup {
    /// The group for whoever provisions, without its key.
    func shown(of source: LiveSource) -> JSONObject {
        var json = provision
        json["apikey"] = .string(Self.hiddenKey)
        json["service"] = .string(source.key.tenant?.text ?? "")
        json["subservice"] = .string(path ?? "/")
        json["source"] = .string(source.key.name.text)
        for name in ["attributes", "lazy", "commands", "static_attributes"] where json[name] == nil
        {
            json[name] = []
        }
        return json
    }

    /// What stands for a key, which is never shown.
    static let hiddenKey = "(hidden)"
}
