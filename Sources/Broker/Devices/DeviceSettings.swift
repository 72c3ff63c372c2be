import ContextModel

/// An attribute of devices as it is provisioned.
struct DeviceAttribute: Sendable, Hashable {
    /// What measures call it.
    var objectID: String
    /// What the entity calls it.
    var name: String
    /// Its type in the words of NGSIv2; nil where the value alone says what it is.
    var type: String?
    var metadata = JSONObject()
    /// The value of a static attribute.
    var value: JSONValue?

    /// The attribute with a value; nil where the value is none.
    func normalized(_ value: JSONValue, observedAt: Timestamp?) throws(EntityError) -> JSONValue? {
        let attribute = NGSIv2Attribute(
            type: type,
            value: value,
            metadata: metadata,
            pointOrder: .longitudeFirst
        )
        guard var json = try attribute.normalized() else { return nil }
        if let observedAt, json["observedAt"] == nil {
            json["observedAt"] = .string(observedAt.text)
        }
        return .object(json)
    }
}

/// What a group and its devices have in common: how their measures become attributes, and what they can be
/// told to do.
struct DeviceSettings: Sendable, Hashable {
    var attributes: [DeviceAttribute] = []
    var statics: [DeviceAttribute] = []
    /// The names of the commands.
    var commands: [String] = []
    /// Whether a measure without a time gets the time at which it was received; nil where it was not set.
    var timestamp: Bool?
    /// Whether only provisioned attributes are accepted; nil where it was not set.
    var isExplicit: Bool?
    /// Where commands go by HTTP.
    var endpoint: String?
    var transport: Transport?

    /// By what a device gets its commands.
    enum Transport: String, Sendable { case http, mqtt }

    /// The members that it reads, beside those of a group or a device alone.
    static let names: Set<String> = [
        "attributes", "static_attributes", "commands", "timestamp", "explicitAttrs", "endpoint",
        "transport", "lazy", "payloadType", "internal_attributes", "timezone", "protocol",
        "expressionLanguage", "ngsiVersion", "autoprovision", "service",
        "defaultEntityNameConjunction",
    ]

    init(_ reader: ProvisionReader) throws(BrokerError) {
        for attribute in try reader.list("attributes") {
            try attribute.require(among: ["object_id", "name", "type", "metadata"])
            attributes.append(try Self.attribute(attribute))
        }
        for attribute in try reader.list("static_attributes") {
            try attribute.require(among: ["name", "type", "value", "metadata"])
            guard let value = attribute.object["value"], !value.isNull else {
                throw attribute.wrong("value", "is missing.")
            }
            var known = try Self.attribute(attribute)
            known.value = value
            do throws(EntityError) { _ = try known.normalized(value, observedAt: nil) } catch {
                throw attribute.wrong("value", "cannot be used: \(error.detail)")
            }
            statics.append(known)
        }
        for command in try reader.list("commands") {
            try command.require(among: ["object_id", "name", "type", "value", "mqtt"])
            guard let name = try command.name("name") else {
                throw command.wrong("name", "is missing.")
            }
            commands.append(name)
        }
        guard Set(commands).count == commands.count else {
            throw reader.wrong("commands", "has a name twice.")
        }
        timestamp = try reader.flag("timestamp")
        isExplicit = try reader.flag("explicitAttrs")
        try readDelivery(reader)
        guard try reader.list("lazy").isEmpty else {
            throw reader.wrong(
                "lazy",
                "has attributes that are asked of devices; the hub asks none."
            )
        }
        if let type = try reader.text("payloadType"), type.lowercased() != "iotagent" {
            throw reader.wrong("payloadType", "is `iotagent` here, not `\(type)`.")
        }
    }

    private init() {}

    private mutating func readDelivery(_ reader: ProvisionReader) throws(BrokerError) {
        if let name = try reader.text("transport") {
            guard let known = Transport(rawValue: name.lowercased()) else {
                throw reader.wrong("transport", "is `http` or `mqtt`, not `\(name)`.")
            }
            transport = known
        }
        guard let address = try reader.text("endpoint") else { return }
        let rest = address.dropFirst(address.hasPrefix("https://") ? 8 : 7)
        guard address.hasPrefix("http://") || address.hasPrefix("https://"), !rest.isEmpty,
            URIText.isValid(address), !rest.prefix(while: { $0 != "/" }).contains("@")
        else {
            throw reader.wrong("endpoint", "is an http or https address, not `\(address)`.")
        }
        endpoint = address
    }

    private static func attribute(
        _ reader: ProvisionReader
    ) throws(BrokerError) -> DeviceAttribute {
        guard let name = try reader.name("name") else { throw reader.wrong("name", "is missing.") }
        guard !["id", "type", "@context", "scope"].contains(name) else {
            throw reader.wrong("name", "cannot be `\(name)`, which is the entity's own.")
        }
        var metadata = JSONObject()
        if let value = reader.object["metadata"], !value.isNull {
            guard let members = value.objectValue else {
                throw reader.wrong("metadata", "is an object, not \(value.excerpt).")
            }
            metadata = members
        }
        return DeviceAttribute(
            objectID: try reader.text("object_id") ?? name,
            name: name,
            type: try reader.text("type"),
            metadata: metadata
        )
    }

    /// With those of the group, where the device says nothing itself.
    func completed(by group: DeviceSettings) -> DeviceSettings {
        var all = self
        let ids = Set(attributes.map(\.objectID)), names = Set(statics.map(\.name))
        all.attributes += group.attributes.filter { !ids.contains($0.objectID) }
        all.statics += group.statics.filter { !names.contains($0.name) }
        all.commands += group.commands.filter { !commands.contains($0) }
        all.timestamp = timestamp ?? group.timestamp
        all.isExplicit = isExplicit ?? group.isExplicit
        all.endpoint = endpoint ?? group.endpoint
        all.transport = transport ?? group.transport
        return all
    }
}
