import ContextModel

/// A question of ThingsBoard's gateway to its platform, which it asks before it sends anything.
package enum ThingsBoardQuestion {
    private static let topic = "v1/devices/me/rpc/request/"
    private static let answerTopic = "v1/devices/me/rpc/response/"
    private static let maximumNumberLength = 20

    /// The answer to `getSessionLimits`: messages of a megabyte, and no limits of rates; nil for another message.
    package static func answer(
        to body: [UInt8],
        topic: String,
        maximumBytes: Int
    ) -> (topic: String, body: [UInt8])? {
        guard topic.hasPrefix(Self.topic) else { return nil }
        let number = topic.dropFirst(Self.topic.count)
        guard (1...maximumNumberLength).contains(number.utf8.count),
            number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let question = try? JSONReader.read(body).objectValue,
            question["method"]?.stringValue == "getSessionLimits"
        else { return nil }
        let limits: JSONValue = [
            "maxPayloadSize": .number(JSONNumber(maximumBytes)), "maxInflightMessages": 100,
            "rateLimits": [:], "gatewayRateLimits": [:],
        ]
        return (answerTopic + number, limits.serialized)
    }
}

/// What ThingsBoard's gateway and its devices publish, by its topic.
///
/// Each reading becomes a row with `device`, `ts` (milliseconds since 1970) and `values`, so that a map
/// can be written for it.
struct ThingsBoardMessage {
    /// The topic, without a slash at its beginning; that of a device's own telemetry where there is none.
    private let topic: String

    init(topic: String?) {
        let topic = topic ?? Self.own
        self.topic = topic.hasPrefix("/") ? String(topic.dropFirst()) : topic
    }

    private static let own = "v1/devices/me/telemetry"

    /// The rows; throws for a topic that has no readings, and for content that is not its topic's.
    ///
    /// `refuse` is told of a device whose content cannot be read, with its name; the others have their rows.
    func rows(
        _ json: JSONValue,
        _ message: SourceMessage,
        refuse: (RowRefusal, String) -> Void
    ) throws(RowRefusal) -> [JSONValue] {
        let now = JSONNumber(Int(message.receivedAt.microseconds / 1_000))
        switch topic {
        case "v1/gateway/telemetry": return try devices(json, now, refuse, Self.readings)
        case "v1/gateway/attributes":
            return try devices(json, now, refuse) { (values, now) throws(RowRefusal) in
                [Self.row(values, .number(now))]
            }
        case "v1/gateway/connect", "v1/gateway/disconnect":
            return [try connection(json, now, isThere: topic.hasSuffix("/connect"))]
        case Self.own: return try Self.readings(json, now)
        case "v1/devices/me/attributes": return [.object(Self.row(json, .number(now)))]
        default: throw RowRefusal(reason: "`\(topic.prefix(200))` is no topic of readings.")
        }
    }

    /// The rows of each device that the object names.
    private func devices(
        _ json: JSONValue,
        _ now: JSONNumber,
        _ refuse: (RowRefusal, String) -> Void,
        _ rows: (JSONValue, JSONNumber) throws(RowRefusal) -> [JSONObject]
    ) throws(RowRefusal) -> [JSONValue] {
        guard case .object(let devices) = json else {
            throw RowRefusal(reason: "The message is an object with the names of devices.")
        }
        var all: [JSONValue] = []
        for (name, content) in devices.members {
            do throws(RowRefusal) {
                for var row in try rows(content, now) {
                    row["device"] = .string(name)
                    all.append(.object(row))
                }
            } catch {
                refuse(error, String(name.prefix(80)))
            }
        }
        return all
    }

    private static func row(_ values: JSONValue, _ moment: JSONValue) -> JSONObject {
        ["ts": moment, "values": values]
    }

    /// The readings of one device: values, values with `ts`, or a list of these.
    private static func readings(
        _ json: JSONValue,
        _ now: JSONNumber
    ) throws(RowRefusal) -> [JSONObject] {
        var rows: [JSONObject] = []
        for element in json.arrayValue ?? [json] {
            guard case .object(let object) = element else {
                throw RowRefusal(reason: "\(element.cellText.prefix(80)) is no reading.")
            }
            if let values = object["values"], object["ts"] != nil {
                guard case .object = values else {
                    throw RowRefusal(reason: "`values` is an object.")
                }
                rows.append(row(values, object["ts"] ?? .number(now)))
            } else {
                rows.append(row(element, .number(now)))
            }
        }
        return rows
    }

    private static func readings(
        _ json: JSONValue,
        _ now: JSONNumber
    ) throws(RowRefusal) -> [JSONValue] {
        let rows: [JSONObject] = try readings(json, now)
        return rows.map { .object($0) }
    }

    /// A row that says whether the gateway has the device.
    private func connection(
        _ json: JSONValue,
        _ now: JSONNumber,
        isThere: Bool
    ) throws(RowRefusal) -> JSONValue {
        guard let name = json.objectValue?["device"]?.stringValue, !name.isEmpty else {
            throw RowRefusal(reason: "The message has no `device`.")
        }
        var values: JSONObject = ["connected": .bool(isThere)]
        if let type = json.objectValue?["type"]?.stringValue {
            values["deviceType"] = .string(type)
        }
        return ["device": .string(name), "ts": .number(now), "values": .object(values)]
    }
}
