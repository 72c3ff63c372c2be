import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Broker
@testable import Gateway

/// Histories as comma-separated values and as GeoJSON.
@Suite struct HistoryTableTests {
    private static func moment(_ minute: Int) -> String {
        Timestamp(microseconds: 1_767_225_600_000_000 + Int64(minute) * 60_000_000).text
    }

    /// A history of the attribute, a reading a minute.
    private static func history(_ id: String, _ attributes: [String: [Int]]) -> JSONValue {
        var json: JSONObject = ["id": .string(id), "type": "Sensor"]
        for (name, values) in attributes.sorted(by: { $0.key < $1.key }) {
            json[name] = .array(
                values.enumerated().map { minute, value in
                    [
                        "type": "Property", "value": .number(JSONNumber(value)),
                        "observedAt": .string(moment(minute)),
                    ]
                }
            )
        }
        return .object(json)
    }

    @Test(arguments: [false, true])
    func `a long history is read in parts, and no reading is missing or repeated`(
        isOnDisk: Bool
    ) async throws {
        var limits = HubLimits()
        limits.maximumInstances = 10
        limits.maximumAnswerInstances = 25
        try await ServedHub(limits: limits, onDisk: isOnDisk).test { client in
            for sensor in 1...5 {
                let history = Self.history(
                    "urn:x:\(sensor)",
                    ["a": Array(0..<(sensor * 23)), "b": Array(0..<7)]
                )
                _ = try await client.send(.post, "temporal/entities", history)
            }
            let table = try await client.send(.get, "temporal/entities?type=Sensor&format=csv")
            var expected: Set<String> = ["time,id,type,attribute,value,unit"]
            for sensor in 1...5 {
                for value in 0..<(sensor * 23) {
                    expected.insert("\(Self.moment(value)),urn:x:\(sensor),Sensor,a,\(value),")
                }
                for value in 0..<7 {
                    expected.insert("\(Self.moment(value)),urn:x:\(sensor),Sensor,b,\(value),")
                }
            }
            #expect(Set(table.lines) == expected)
            #expect(table.lines.count == expected.count)
        }
    }

    @Test func `the condition is decided over the whole range, not over parts`() async throws {
        var limits = HubLimits()
        limits.maximumInstances = 10
        try await ServedHub(limits: limits).test { client in
            // `b` meets the condition in the first part alone.
            let history = Self.history("urn:x:1", ["a": Array(0..<50), "b": [1]])
            _ = try await client.send(.post, "temporal/entities", history)
            let table = try await client.send(
                .get,
                "temporal/entities?type=Sensor&format=csv&q=a%3E=5;b==1"
            )
            #expect(table.lines.filter { $0.contains(",a,") }.count == 45)
        }
    }

    @Test func `ranges, lastN and one entity narrow the table as they narrow JSON`() async throws {
        try await ServedHub().test { client in
            let history = Self.history("urn:x:1", ["a": Array(0..<50)])
            _ = try await client.send(.post, "temporal/entities", history)
            let range = "timerel=between&timeAt=\(Self.moment(10))&endTimeAt=\(Self.moment(20))"
            let part = try await client.send(
                .get,
                "temporal/entities?type=Sensor&format=csv&\(range)"
            )
            #expect(part.lines.count == 11)
            let last = try await client.send(.get, "temporal/entities/urn:x:1?format=csv&lastN=3")
            #expect(
                last.lines.dropFirst().map { $0.split(separator: ",").last } == ["47", "48", "49"]
            )
            let none = try await client.send(.get, "temporal/entities/urn:x:9?format=csv")
            #expect(none.status == .notFound)
        }
    }

    @Test func `a wide table has a row for each moment, in the order of time`() async throws {
        try await ServedHub().test { client in
            let history = Self.history("urn:x:1", ["a": [1, 2, 3], "b": [7, 8]])
            _ = try await client.send(.post, "temporal/entities", history)
            let path = "temporal/entities?type=Sensor&format=csv&layout=wide"
            let table = try await client.send(.get, path + "&attrs=b,a")
            #expect(
                table.lines == [
                    "time,id,type,b,a", "\(Self.moment(0)),urn:x:1,Sensor,7,1",
                    "\(Self.moment(1)),urn:x:1,Sensor,8,2", "\(Self.moment(2)),urn:x:1,Sensor,,3",
                ]
            )
            #expect(try await client.send(.get, path).status == .badRequest)
        }
    }

    @Test func `aggregated values have a row for each period`() async throws {
        try await ServedHub().test { client in
            let history = Self.history("urn:x:1", ["a": Array(0..<120)])
            _ = try await client.send(.post, "temporal/entities", history)
            let table = try await client.send(
                .get,
                "temporal/entities?type=Sensor&format=csv&timerel=after&timeAt=\(Self.moment(0))"
                    + "&aggrMethods=min,max&aggrPeriodDuration=PT1H"
            )
            #expect(
                table.lines == [
                    "from,to,id,type,attribute,min,max",
                    "\(Self.moment(0)),\(Self.moment(60)),urn:x:1,Sensor,a,0,59",
                    "\(Self.moment(60)),\(Self.moment(120)),urn:x:1,Sensor,a,60,119",
                ]
            )
        }
    }

    @Test func `readings are features where the entity was at that time`() async throws {
        try await ServedHub().test { client in
            let bus: JSONValue = [
                "id": "urn:x:1", "type": "Sensor",
                "a": [
                    ["type": "Property", "value": 1, "observedAt": .string(Self.moment(0))],
                    ["type": "Property", "value": 2, "observedAt": .string(Self.moment(2))],
                ],
                "location": [
                    Self.place(98, at: 0), Self.place(99, at: 1),
                ],
            ]
            _ = try await client.send(.post, "temporal/entities", bus)
            let answer = try await client.send(
                .get,
                "temporal/entities?type=Sensor&format=geojson"
            )
            #expect(answer.headers[.contentType] == "application/geo+json")
            let features = try answer.json["features"]?.arrayValue ?? []
            let readings = features.compactMap(\.objectValue).filter {
                $0["properties"]?.objectValue?["attribute"] == "a"
            }
            let places = readings.map { $0["geometry"]?.objectValue?["coordinates"] }
            #expect(places == [[98, 7], [99, 7]])
            #expect(readings.map { $0["properties"]?.objectValue?["value"] } == [1, 2])
        }
    }

    private static func place(_ longitude: Int, at minute: Int) -> JSONValue {
        [
            "type": "GeoProperty",
            "value": [
                "type": "Point", "coordinates": [.number(JSONNumber(longitude)), 7],
            ],
            "observedAt": .string(moment(minute)),
        ]
    }
}
