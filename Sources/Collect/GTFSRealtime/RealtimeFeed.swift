import ContextModel

/// Reads a feed of GTFS-Realtime (Protocol Buffers) as the JSON that maps of sources know.
///
/// Members are named as in the schema, in camel case; moments are in ISO 8601, words stand for numbers of
/// enumerations. Three members are the hub's own, so that a map can do without what publishers leave out:
///
/// - `key` of a vehicle and of a trip update names the thing: see `vehicleKey` and `tripKey`;
/// - `timestamp` of a vehicle and of a trip update is that of the feed where it has none of its own, and that of
///   the receipt where the feed has none either;
/// - `since` of an alert is the beginning of its first period, else the same.
struct RealtimeFeed {
    /// The most fields of a feed that are read: a message of a few bytes each would fill the memory.
    static let maximumFields = 2_000_000

    private var fieldsLeft = RealtimeFeed.maximumFields

    /// Throws for bytes that are no feed, and for a feed of changes alone; an entity that is damaged is told to `refuse` and left out.
    static func read(
        _ bytes: [UInt8],
        receivedAt: Timestamp,
        refuse: (RowRefusal, Int) -> Void
    ) throws(RowRefusal) -> JSONValue {
        var feed = RealtimeFeed()
        var headers: [UInt8] = []
        var parts: [ArraySlice<UInt8>] = []
        var reader = ProtobufReader(bytes[...])
        while let (number, value) = try reader.next() {
            try feed.countField()
            guard case .bytes(let part) = value, number < 3 else { continue }
            if number == 1 { headers += part } else { parts.append(part) }
        }
        let header = try feed.object(.header, headers[...])
        guard header["gtfsRealtimeVersion"] != nil else {
            throw RowRefusal(reason: "The message has no header of GTFS-Realtime.")
        }
        // A vehicle that such a feed does not have is where it was, and one that it deletes is gone: neither can be
        // told from what a map makes of one message.
        guard header["incrementality"] != "DIFFERENTIAL" else {
            throw RowRefusal(
                reason: "The feed tells changes alone (`DIFFERENTIAL`); the hub reads whole feeds "
                    + "(`FULL_DATASET`)."
            )
        }
        let moment = header["timestamp"] ?? .string(receivedAt.text)
        var entities: [JSONValue] = []
        for (index, part) in parts.enumerated() {
            do throws(RowRefusal) {
                let entity = try feed.object(.entity, part)
                entities.append(completed(entity, moment))
            } catch {
                guard feed.fieldsLeft > 0 else { throw error }
                refuse(error, index + 1)
            }
        }
        return ["header": .object(header), "entity": .array(entities)]
    }

    // MARK: What publishers leave out

    private static func completed(_ entity: JSONObject, _ moment: JSONValue) -> JSONValue {
        var entity = entity
        let id = entity["id"]
        if case .object(var vehicle)? = entity["vehicle"] {
            vehicle["key"] = vehicleKey(vehicle) ?? id
            vehicle["timestamp"] = vehicle["timestamp"] ?? moment
            entity["vehicle"] = .object(vehicle)
        }
        if case .object(var update)? = entity["tripUpdate"] {
            update["key"] = tripKey(update["trip"]) ?? id
            update["timestamp"] = update["timestamp"] ?? moment
            entity["tripUpdate"] = .object(update)
        }
        if case .object(var alert)? = entity["alert"] {
            alert["since"] =
                alert["activePeriod"]?.arrayValue?.first?.objectValue?["start"] ?? moment
            entity["alert"] = .object(alert)
        }
        return .object(entity)
    }

    /// The identifier of the vehicle, else its label, its plate, or its trip.
    private static func vehicleKey(_ position: JSONObject) -> JSONValue? {
        let vehicle = position["vehicle"]?.objectValue
        for name in ["id", "label", "licensePlate"] {
            if let text = vehicle?[name], text != "" { return text }
        }
        return tripKey(position["trip"])
    }

    /// The identifier of the trip, with the time of its start where it runs by frequency; a trip without an
    /// identifier is named by route, direction, date and time of its start, as far as they are there.
    private static func tripKey(_ trip: JSONValue?) -> JSONValue? {
        guard let trip = trip?.objectValue else { return nil }
        func text(_ name: String) -> String? {
            guard let text = trip[name]?.cellText, !text.isEmpty else { return nil }
            return text
        }
        var parts: [String?]
        if let id = text("tripId") {
            let runsByFrequency = text("scheduleRelationship") == "UNSCHEDULED"
            parts = [id, runsByFrequency ? text("startTime") : nil]
        } else {
            guard let route = text("routeId") else { return nil }
            parts = [route, text("directionId"), text("startDate"), text("startTime")]
        }
        return .string(parts.compactMap(\.self).joined(separator: ":"))
    }
}

// MARK: - Messages

extension RealtimeFeed {
    private mutating func countField() throws(RowRefusal) {
        fieldsLeft -= 1
        guard fieldsLeft > 0 else {
            throw RowRefusal(reason: "The message has more than \(Self.maximumFields) fields.")
        }
    }

    /// Reads a message: of a field that is there twice the last counts, and messages are merged, as Protocol
    /// Buffers say.
    private mutating func object(
        _ message: RealtimeMessage,
        _ bytes: ArraySlice<UInt8>
    ) throws(RowRefusal) -> JSONObject {
        var object = JSONObject()
        var merged: [Int: [UInt8]] = [:]
        var lists: [Int: [JSONValue]] = [:]
        var reader = ProtobufReader(bytes)
        while let (number, value) = try reader.next() {
            try countField()
            guard let field = message.fields[number] else { continue }
            switch (field.content, value) {
            case (.message, .bytes(let inner)):
                // Two parts of one message, one after the other, are the message merged of both.
                merged[number, default: []] += inner
            case (.messages(let kind), .bytes(let inner)):
                lists[number, default: []].append(.object(try self.object(kind, inner)))
            default:
                if let json = try Self.value(field, value) { object[field.name] = json }
            }
        }
        for number in merged.keys.sorted() {
            guard let field = message.fields[number], let bytes = merged[number],
                case .message(let kind) = field.content
            else { continue }
            object[field.name] = .object(try self.object(kind, bytes[...]))
        }
        for number in lists.keys.sorted() {
            guard let field = message.fields[number] else { continue }
            object[field.name] = lists[number].map { .array($0) }
        }
        return object
    }

    /// The value of a field that is no message; nil where it says nothing.
    private static func value(
        _ field: RealtimeMessage.Field,
        _ value: ProtobufReader.Value
    ) throws(RowRefusal) -> JSONValue? {
        switch (field.content, value) {
        case (.text, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RowRefusal(reason: "`\(field.name)` is not UTF-8.")
            }
            guard !CombiningMarks.areTooMany(in: text) else {
                throw RowRefusal(reason: "In `\(field.name)` \(CombiningMarks.problem).")
            }
            return .string(text)
        case (.count, .varint(let number)):
            return .number(JSONNumber(Int(UInt32(truncatingIfNeeded: number))))
        case (.integer, .varint(let number)):
            return .number(JSONNumber(Int(Int32(truncatingIfNeeded: number))))
        case (.flag, .varint(let number)): return .bool(number != 0)
        case (.word(let words), .varint(let number)): return words[number].map { .string($0) }
        case (.moment, .varint(let seconds)): return try moment(seconds, field.name)
        case (.float, .fixed32(let bits)):
            // The shortest number that is the same in 32 bits, as the publisher had it.
            return try number(Double(String(Float(bitPattern: bits))), field.name)
        case (.double, .fixed64(let bits)):
            return try number(Double(bitPattern: bits), field.name)
        case (.text, _), (.count, _), (.integer, _), (.flag, _), (.float, _), (.double, _),
            (.moment, _), (.word, _), (.message, _), (.messages, _):
            throw RowRefusal(reason: "`\(field.name)` has another kind than in GTFS-Realtime.")
        }
    }

    private static func number(_ value: Double?, _ name: String) throws(RowRefusal) -> JSONValue {
        guard let value, value.isFinite else {
            throw RowRefusal(reason: "`\(name)` is not a number.")
        }
        return .number(JSONNumber(value))
    }

    /// The end of the year 9999.
    private static let lastSecond: UInt64 = 253_402_300_799

    private static func moment(
        _ seconds: UInt64,
        _ name: String
    ) throws(RowRefusal) -> JSONValue? {
        guard seconds > 0 else { return nil }
        guard seconds <= lastSecond else {
            throw RowRefusal(reason: "`\(name)` is not a number of seconds since 1970.")
        }
        return .string(Timestamp(microseconds: Int64(seconds) * 1_000_000).text)
    }
}
