package import Broker
package import ContextModel

/// What the hub's operator says of the city on the page of the first run: its name, where it is, and whose
/// data it is.
package struct CityProfile: Sendable, Hashable {
    package var name: String
    /// Degrees of WGS 84.
    package var latitude: Double
    package var longitude: Double
    /// The licence of the open data, by its URL.
    package var licence: String?
    /// Where questions about the data go: an address such as `mailto:data@city.example`.
    package var contact: String?

    /// The most bytes of one of its texts.
    static let maximumTextBytes = 200

    /// Reads a profile from JSON; throws with the member that is not what it should be.
    package init(_ json: JSONValue) throws(BrokerError) {
        guard case .object(let members) = json else {
            throw BrokerError(.badRequestData, "A city is a JSON object, not \(json.excerpt).")
        }
        let known: Set = ["name", "latitude", "longitude", "license", "contact"]
        if let other = members.members.map(\.key).first(where: { !known.contains($0) }) {
            throw BrokerError(.badRequestData, "\(other): A city has no such member.")
        }
        guard let name = try Self.text("name", in: members) else {
            throw BrokerError(.badRequestData, "name: The city needs a name.")
        }
        self.name = name
        latitude = try Self.number("latitude", in: members, to: 90)
        longitude = try Self.number("longitude", in: members, to: 180)
        licence = try Self.text("license", in: members)
        contact = try Self.text("contact", in: members)
    }

    package var json: JSONValue {
        var members: JSONObject = [
            "name": .string(name), "latitude": .number(JSONNumber(latitude)),
            "longitude": .number(JSONNumber(longitude)),
        ]
        members["license"] = licence.map { .string($0) }
        members["contact"] = contact.map { .string($0) }
        return .object(members)
    }

    private static func text(_ name: String, in members: JSONObject) throws(BrokerError) -> String?
    {
        guard let value = members[name], value != .null else { return nil }
        guard let text = value.stringValue, text.utf8.count <= maximumTextBytes else {
            throw BrokerError(
                .badRequestData,
                "\(name): It must be a text of at most \(maximumTextBytes) bytes."
            )
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw BrokerError(.badRequestData, "\(name): It must be on one line.")
        }
        return text.isEmpty ? nil : text
    }

    private static func number(
        _ name: String,
        in members: JSONObject,
        to limit: Double
    ) throws(BrokerError) -> Double {
        guard let number = members[name]?.numberValue?.doubleValue, abs(number) <= limit else {
            throw BrokerError(
                .badRequestData,
                "\(name): It must be degrees, from \(-Int(limit)) to \(Int(limit))."
            )
        }
        return number
    }
}
