/// The entity that is created, read and changed: 1,100 bytes, 6 Properties, a Relationship and a
/// GeoProperty in 10 attribute instances, two Properties of which have two instances with a
/// `datasetId` and one has a sub-Property; what is measured has `observedAt` and `unitCode`.
///
/// A station has a number. Its zone is what queries ask for: each zone has `stationsPerZone`.
enum Station {
    static let bytes = 1_100
    static let stationsPerZone = 100
    static let idPrefix: StaticString = "urn:ngsi-ld:TrafficStation:"
    /// A number is written with so many digits; one in JSON begins with a 1, which no zero does.
    static let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:TrafficStation:########"

    /// `#` the station's number, `~` its zone.
    static let body = padded(
        """
        {"id":"urn:ngsi-ld:TrafficStation:########","type":"TrafficStation",\
        "zone":{"type":"Property","value":1~~~~~~},\
        "flow":[{"type":"Property","datasetId":"urn:ngsi-ld:Dataset:east","value":1########,\
        "observedAt":"2026-01-01T00:00:00Z","unitCode":"E34"},\
        {"type":"Property","datasetId":"urn:ngsi-ld:Dataset:west","value":412,\
        "observedAt":"2026-01-01T00:00:00Z","unitCode":"E34"}],\
        "speed":[{"type":"Property","datasetId":"urn:ngsi-ld:Dataset:east","value":48.5,\
        "observedAt":"2026-01-01T00:00:00Z","unitCode":"KMH"},\
        {"type":"Property","datasetId":"urn:ngsi-ld:Dataset:west","value":51.25,\
        "observedAt":"2026-01-01T00:00:00Z","unitCode":"KMH"}],\
        "occupancy":{"type":"Property","value":0.31,"observedAt":"2026-01-01T00:00:00Z",\
        "unitCode":"C62","accuracy":{"type":"Property","value":0.05}},\
        "level":{"type":"Property","value":1000000,"observedAt":"2026-01-01T00:00:00Z",\
        "unitCode":"2N"},\
        "onRoad":{"type":"Relationship","object":"urn:ngsi-ld:Road:~~~~~~"},\
        "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":\
        [98.3~~~~~~,7.9~~~~~~]}},\
        "name":{"type":"Property","value":"Station
        """
    )

    /// The text, closed, with a name that makes it as long as it has to be.
    private static func padded(_ text: String) -> String {
        let end = "\"}}"
        let missing = bytes - text.utf8.count - end.utf8.count
        return text + String(repeating: " by the road", count: missing / 12 + 1).prefix(missing)
            + end
    }

    static func creation() -> Request { Request("POST", "/ngsi-ld/v1/entities", body: body) }

    static func retrieval(headers: [String] = []) -> Request {
        Request("GET", path, headers: headers)
    }

    /// One attribute; `~` the version, which is in the value and in the time.
    static func attributeUpdate() -> Request {
        Request("PATCH", path + "/attrs/level", body: level)
    }

    private static let level = """
        {"type":"Property","value":1~~~~~~,"observedAt":"2026-02-01T00:00:00.~~~~~~Z",\
        "unitCode":"2N"}
        """

    /// Five attribute instances at once.
    static func fragmentUpdate() -> Request {
        func pair(_ name: String, _ value: String, _ unit: String) -> String {
            let instances = ["east", "west"].map {
                """
                {"type":"Property","datasetId":"urn:ngsi-ld:Dataset:\($0)","value":\(value),\
                "observedAt":"2026-03-01T00:00:00.~~~~~~Z","unitCode":"\(unit)"}
                """
            }
            return "\"\(name)\":[\(instances.joined(separator: ","))]"
        }
        let body =
            "{\(pair("flow", "4~~~~~~", "E34")),\(pair("speed", "5~~~~~~", "KMH")),"
            + "\"level\":\(level)}"
        return Request("PATCH", path + "/attrs", body: body)
    }

    /// A page of 30 of a zone, `~` the zone.
    static func zoneQuery(headers: [String] = []) -> Request {
        Request(
            "GET",
            "/ngsi-ld/v1/entities?type=TrafficStation&q=zone%3D%3D1~~~~~~&limit=30",
            headers: headers
        )
    }

    /// Zones are filled evenly and mixed while `range` is created: those of a zone lie apart.
    static func zone(of number: Int, createdIn range: Range<Int>) -> Int {
        let zones = max(1, range.count / stationsPerZone)
        return range.lowerBound / stationsPerZone + (number - range.lowerBound) % zones
    }
}

/// Makes the bodies of batch requests out of one entity's bytes.
struct Batch {
    private var entity = Request(raw: Station.body)
    let path: String
    let headers: [String]

    init(path: String = "/ngsi-ld/v1/entityOperations/create", headers: [String] = []) {
        self.path = path
        self.headers = headers
    }

    /// The stations `numbers`, which belong to `range`.
    mutating func request(_ numbers: Range<Int>, createdIn range: Range<Int>) -> [UInt8] {
        let length = numbers.count * (Station.bytes + 1) + 1
        var bytes = Request.head("POST", path, headers: headers, bodyBytes: length)
        bytes.reserveCapacity(bytes.count + length)
        for number in numbers {
            bytes.append(number == numbers.lowerBound ? UInt8(ascii: "[") : UInt8(ascii: ","))
            bytes += entity(number, Station.zone(of: number, createdIn: range))
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}
