import ContextModel

/// A simulated device or thing: one entity whose readings are a function of the time alone.
protocol DemoDevice: Sendable {
    /// The type by the Smart Data Models.
    var type: String { get }
    /// The key of the device, unique within the type; a part of the entity's id.
    var key: String { get }
    var name: String { get }
    /// Seconds between two reports.
    var reportSeconds: Int64 { get }
    /// The attributes that do not change, without name and source.
    var fixedAttributes: [(key: String, value: JSONValue)] { get }
    /// The readings of the device at this moment.
    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading]
}

/// One measured attribute.
struct Reading: Sendable {
    /// The kinds of attribute that devices report.
    enum Value: Sendable {
        case property(JSONValue)
        case place(Position)
    }
    var name: String
    var value: Value
    /// UN/CEFACT common code.
    var unitCode: String?

    init(_ name: String, _ value: JSONValue, unitCode: String? = nil) {
        self.name = name
        self.value = .property(value)
        self.unitCode = unitCode
    }

    init(_ name: String, at position: Position) {
        self.name = name
        value = .place(position)
    }

    /// A number with this many decimals.
    init(_ name: String, _ value: Double, decimals: Int = 0, unitCode: String? = nil) {
        self.init(name, .number(rounded(value, decimals: decimals)), unitCode: unitCode)
    }

    /// The attribute in normalized representation (clause 4.5.2), observed at a moment.
    func attribute(observedAt: JSONValue) -> JSONValue {
        var members: [(key: String, value: JSONValue)]
        switch value {
        case .property(let value): members = [("type", "Property"), ("value", value)]
        case .place(let position): members = [("type", "GeoProperty"), ("value", point(position))]
        }
        members.append(("observedAt", observedAt))
        if let unitCode { members.append(("unitCode", .string(unitCode))) }
        return .object(JSONObject(members))
    }
}

extension DemoDevice {
    var id: String { "urn:ngsi-ld:\(type):phuket:\(key)" }

    /// A channel of random numbers for this device, the same in every run and on every machine.
    var channel: UInt64 {
        id.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// The time of the last report at or before `time`.
    ///
    /// Devices report at different moments, so that the city changes evenly and not in bursts.
    func lastReport(atOrBefore time: Timestamp) -> Timestamp {
        let period = reportSeconds * 1_000_000
        let phase = Int64(channel % UInt64(reportSeconds)) * 1_000_000
        return Timestamp(
            microseconds: floorDivide(time.microseconds - phase, period) * period + phase
        )
    }
}

func property(_ value: JSONValue) -> JSONValue {
    ["type": "Property", "value": value]
}

func point(_ position: Position) -> JSONValue {
    [
        "type": "Point",
        "coordinates": [
            .number(rounded(position.longitudeDegrees, decimals: 5)),
            .number(rounded(position.latitudeDegrees, decimals: 5)),
        ],
    ]
}

func location(_ position: Position) -> (key: String, value: JSONValue) {
    ("location", ["type": "GeoProperty", "value": point(position)])
}

func rounded(_ value: Double, decimals: Int) -> JSONNumber {
    let scale = (0..<decimals).reduce(1.0) { result, _ in result * 10 }
    return JSONNumber((value * scale).rounded() / scale)
}
