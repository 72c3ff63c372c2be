package import ContextModel
import Governance
import Storage

/// A group of devices that share a key: FIWARE's service group, or configuration group.
package struct DeviceGroup: Sendable, Hashable {
    /// The secret by which its devices are known.
    var key: String
    /// As it was provisioned, without its key.
    var provision: JSONObject
    /// The type of devices that have none of their own.
    var type: String
    /// Whether a device that nobody has provisioned may send measures.
    var takesUnknownDevices: Bool
    var settings: DeviceSettings

    /// The path at which devices send by HTTP.
    package static let resource = "/iot/json"

    private static let names = DeviceSettings.names.union([
        "apikey", "resource", "entity_type", "type", "cbroker", "cbHost", "trust", "token",
        "subservice",
    ])
    /// What is not kept: secrets, and what the hub knows itself.
    private static let forgotten: Set = ["apikey", "trust", "token", "service", "subservice"]

    /// Reads a group that is provisioned; throws `badRequestData` with the member and the reason.
    init(_ value: JSONValue, at place: String, path: String?) throws(BrokerError) {
        let reader = try ProvisionReader(value, at: place)
        try reader.require(among: Self.names)
        key = try reader.required("apikey", upTo: DeviceName.maximumBytes)
        guard DeviceName.isValid(key) else {
            throw reader.wrong("apikey", "has no `/`, `+`, `#` or control characters.")
        }
        let resource = reader.object["resource"]?.stringValue ?? ""
        guard ["", "/", Self.resource].contains(resource) else {
            throw reader.wrong(
                "resource",
                "is `\(Self.resource)`, where devices send to the hub, not `\(resource)`."
            )
        }
        var type = try reader.name("entity_type")
        if type == nil { type = try reader.name("type") }
        guard let type else {
            throw BrokerError(.badRequestData, "`\(place)` has no `entity_type`.")
        }
        self.type = type
        takesUnknownDevices = try reader.flag("autoprovision") ?? true
        settings = try DeviceSettings(reader)
        provision = reader.object
        provision["resource"] = .string(resource)
        provision["entity_type"] = .string(type)
        for name in Self.forgotten { provision[name] = nil }
        provision[Self.pathMember] = path.map { .string($0) }
    }

    /// The member that has FIWARE's service path.
    static let pathMember = "subservice"

    var path: String? { provision[Self.pathMember]?.stringValue }

    /// With the members given in place of those that it has.
    func changed(by changes: JSONValue) throws(BrokerError) -> DeviceGroup {
        guard case .object(let changes) = changes else {
            throw BrokerError(.badRequestData, "A group is an object, not \(changes.excerpt).")
        }
        var all = provision
        all[Self.pathMember] = nil
        for (name, value) in changes.members { all[name] = value }
        if changes["apikey"] == nil { all["apikey"] = .string(key) }
        return try DeviceGroup(.object(all), at: "service", path: path)
    }

    // MARK: As documents

    /// The part of the source's document.
    var document: JSONValue {
        ["key": .string(key), "provision": .object(provision)]
    }

    /// Reads what `document` wrote; nil when it is damaged.
    init?(document: JSONValue) {
        guard let key = document.objectValue?["key"]?.stringValue,
            var provision = document.objectValue?["provision"]?.objectValue
        else { return nil }
        let path = provision[Self.pathMember]?.stringValue
        provision[Self.pathMember] = nil
        provision["apikey"] = .string(key)
        guard let group = try? DeviceGroup(.object(provision), at: "service", path: path) else {
            return nil
        }
        self = group
    }
}

/// A device that is provisioned.
package struct Device: Sendable, Hashable {
    /// What it calls itself.
    package var id: String
    /// As it was provisioned, without its key.
    var provision: JSONObject
    /// The entity that stands for it.
    package var entity: EntityID
    var type: String
    /// With those of its group.
    var settings: DeviceSettings

    private static let names = DeviceSettings.names.union([
        "device_id", "service_path", "entity_name", "entity_type", "apikey", "polling",
    ])
    private static let forgotten: Set = ["apikey", "service", "service_path"]
    static let pathMember = "service_path"

    /// Reads a device that is provisioned; throws `badRequestData` with the member and the reason.
    init(
        _ value: JSONValue,
        at place: String,
        path: String?,
        of group: DeviceGroup
    ) throws(BrokerError) {
        let reader = try ProvisionReader(value, at: place)
        try reader.require(among: Self.names)
        id = try reader.required("device_id", upTo: DeviceName.maximumBytes)
        guard DeviceName.isValid(id) else {
            throw reader.wrong("device_id", "has no `/`, `+`, `#` or control characters.")
        }
        type = try reader.name("entity_type") ?? group.type
        entity = Self.entity(try reader.text("entity_name") ?? id, type: type)
        settings = try DeviceSettings(reader).completed(by: group.settings)
        let known = Set(settings.attributes.map(\.name) + settings.statics.map(\.name))
        if let command = settings.commands.first(where: known.contains) {
            throw reader.wrong("commands", "has `\(command)`, which is an attribute, too.")
        }
        provision = reader.object
        for name in Self.forgotten { provision[name] = nil }
        provision[Self.pathMember] = path.map { .string($0) }
    }

    var path: String? { provision[Self.pathMember]?.stringValue }

    /// A device that nobody has provisioned, as its group has it.
    init(unknown id: String, of group: DeviceGroup) {
        self.id = id
        type = group.type
        // Whoever has the group's key may not choose any entity: a URI is a name like others here.
        entity = Self.madeEntity(id, type: type)
        settings = group.settings
        provision = JSONObject()
    }

    /// The entity of this name: the name itself where it is a URI.
    private static func entity(_ name: String, type: String) -> EntityID {
        URIText.isValid(name) ? EntityID(name) : madeEntity(name, type: type)
    }

    private static func madeEntity(_ name: String, type: String) -> EntityID {
        let kind = EntityName.percentEncoded(type), own = EntityName.percentEncoded(name)
        return EntityID("urn:ngsi-ld:\(kind):\(own)")
    }

    /// With the members given in place of those that it has.
    func changed(by changes: JSONValue, of group: DeviceGroup) throws(BrokerError) -> Device {
        guard case .object(let changes) = changes else {
            throw BrokerError(.badRequestData, "A device is an object, not \(changes.excerpt).")
        }
        guard changes["device_id"] == nil || changes["device_id"]?.stringValue == id else {
            throw BrokerError(.badRequestData, "`device.device_id` cannot be changed.")
        }
        var all = provision
        all[Self.pathMember] = nil
        for (name, value) in changes.members { all[name] = value }
        return try Device(.object(all), at: "device", path: path, of: group)
    }

    // MARK: As documents

    static func documentID(of id: String, in source: SourceName) -> String {
        "\(source.text)/\(id)"
    }

    func document(of source: SourceName) -> Document {
        Document(
            kind: .device,
            id: Self.documentID(of: id, in: source),
            body: JSONValue.object(provision).serialized,
            owner: source.text
        )
    }

    /// Reads what `document` wrote; nil when it is damaged.
    init?(_ document: Document, of group: DeviceGroup) {
        guard var provision = try? JSONReader.read(document.body).objectValue else { return nil }
        let path = provision[Self.pathMember]?.stringValue
        provision[Self.pathMember] = nil
        guard
            let device = try? Device(.object(provision), at: "device", path: path, of: group)
        else { return nil }
        self = device
    }

    // MARK: Commands

    /// What the entity calls the state of a command, and its result.
    static func statusName(_ command: String) -> String { command + "_status" }
    static func infoName(_ command: String) -> String { command + "_info" }

    /// The attributes that are commands, their states and their results: nothing but commands writes them.
    var reservedNames: Set<IRI> {
        let names = settings.commands.flatMap { [$0, Self.statusName($0), Self.infoName($0)] }
        return Set(names.map { LDContext.core.expand($0) })
    }

    /// How the device gets a command.
    enum Delivery: Sendable, Hashable {
        case http(String)
        case mqtt
        /// The device asks for it.
        case asked
    }

    var delivery: Delivery {
        if settings.transport == .mqtt { return .mqtt }
        if let endpoint = settings.endpoint { return .http(endpoint) }
        return .asked
    }
}
