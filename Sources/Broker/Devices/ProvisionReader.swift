import ContextModel

/// Reads what somebody provisions: the members of a group of devices, or of a device.
///
/// The names are those of FIWARE's IoT Agents. A member that the hub does not know or cannot serve is
/// refused by its name, so that nobody relies on what is not done.
struct ProvisionReader {
    let object: JSONObject
    /// The place in the request, such as `devices[0]`, for messages.
    let place: String

    /// Throws `badRequestData` for a value that is no object.
    init(_ value: JSONValue, at place: String) throws(BrokerError) {
        guard case .object(let object) = value else {
            throw BrokerError(.badRequestData, "`\(place)` is an object, not \(value.excerpt).")
        }
        self.object = object
        self.place = place
    }

    func wrong(_ member: String, _ reason: String) -> BrokerError {
        BrokerError(.badRequestData, "`\(place).\(member)` \(reason)")
    }

    /// Throws for a member that is not among the names.
    func require(among names: Set<String>) throws(BrokerError) {
        for (name, value) in object.members where !names.contains(name) {
            if let reason = Self.unserved[name] { throw wrong(name, reason) }
            throw wrong(name, "is no member that the hub knows; its value is \(value.excerpt).")
        }
    }

    /// What IoT Agents have, and the hub has not.
    private static let unserved = [
        "expression": "is an expression, and the hub computes none: send the value itself.",
        "entityNameExp": "is an expression, and the hub computes none: provision `entity_name`.",
        "reverse": "is an expression, and the hub computes none.",
        "entity_name": "would make a second entity, and a device has one.",
    ]

    /// A text that is not empty; nil where the member is missing or null.
    func text(_ name: String, upTo maximum: Int = 1_024) throws(BrokerError) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.stringValue, (1...maximum).contains(text.utf8.count) else {
            throw wrong(name, "is a text of 1 to \(maximum) bytes, not \(value.excerpt).")
        }
        return text
    }

    func required(_ name: String, upTo maximum: Int = 1_024) throws(BrokerError) -> String {
        guard let text = try text(name, upTo: maximum) else {
            throw BrokerError(.badRequestData, "`\(place)` has no `\(name)`.")
        }
        return text
    }

    func flag(_ name: String) throws(BrokerError) -> Bool? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let flag = value.boolValue else {
            throw wrong(name, "is true or false, not \(value.excerpt).")
        }
        return flag
    }

    /// The elements of a list, each with a reader; none where it is missing.
    func list(_ name: String) throws(BrokerError) -> [ProvisionReader] {
        guard let value = object[name], !value.isNull else { return [] }
        guard let elements = value.arrayValue else {
            throw wrong(name, "is a list, not \(value.excerpt).")
        }
        guard elements.count <= Self.maximumElements else {
            throw wrong(name, "has \(Self.maximumElements) elements at most.")
        }
        var readers: [ProvisionReader] = []
        for (index, element) in elements.enumerated() {
            readers.append(try ProvisionReader(element, at: "\(place).\(name)[\(index)]"))
        }
        return readers
    }

    /// The most elements of a list that is provisioned.
    static let maximumElements = 1_000

    /// A name of a type or an attribute.
    func name(_ member: String) throws(BrokerError) -> String? {
        guard let text = try text(member) else { return nil }
        guard Name.isValid(text) else {
            throw wrong(member, "is a name of letters, digits and `_`, or an IRI, not `\(text)`.")
        }
        return text
    }
}

/// A name of devices in topics and addresses.
enum DeviceName {
    /// The most bytes of a key, and of a device's identifier.
    static let maximumBytes = 256

    /// Whether the text can be a level of a topic (MQTT 5.0, clause 4.7).
    static func isValid(_ text: String) -> Bool {
        (1...maximumBytes).contains(text.utf8.count)
            && !text.unicodeScalars.contains {
                "/+#".unicodeScalars.contains($0) || $0.value < 0x20 || $0.value == 0x7F
            }
    }
}
