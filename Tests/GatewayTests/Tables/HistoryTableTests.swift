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
        limits.downloadPartInstances = 25
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
        limits.downloadPartInstances = 10
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

    @Test(arguments: [false, true], ["observedAt", "createdAt", "modifiedAt"])
    func `parts lose nothing at equal moments, without times, or with several datasetIds`(
        isOnDisk: Bool,
        time: String
    ) async throws {
        var limits = HubLimits()
        limits.downloadPartInstances = 6
        try await ServedHub(limits: limits, onDisk: isOnDisk).test { client in
            // Twenty readings of one moment, each with a dataset of its own, and others before and after.
            var instances: [JSONValue] = []
            for value in 0..<20 {
                instances.append(Self.reading(value, at: 5, dataset: value % 4))
                instances.append(Self.reading(100 + value, at: value, dataset: nil))
            }
            // Neither do readings without a time get lost, nor those that come late.
            instances.append(["type": "Property", "value": 200])
            let entity: JSONValue = [
                "id": "urn:x:1", "type": "Sensor", "a": .array(instances),
            ]
            _ = try await client.send(.post, "temporal/entities", entity)
            for value in 0..<3 {
                let late: JSONValue = ["a": [Self.reading(300 + value, at: 2, dataset: nil)]]
                _ = try await client.send(.post, "temporal/entities/urn:x:1/attrs", late)
            }
            let path = "temporal/entities?type=Sensor&format=csv&timeproperty=\(time)"
            let table = try await client.send(.get, path)
            let values = table.lines.dropFirst().map { $0.split(separator: ",")[4] }
            let expected = try await Self.values(client)
            #expect(values.count == expected.count)
            #expect(Set(values) == Set(expected.map { Substring($0) }))
        }
    }

    /// The values that JSON has of the history.
    private static func values(_ client: ServedClient) async throws -> [String] {
        let answer = try await client.send(.get, "temporal/entities/urn:x:1").json
        return (answer["a"]?.arrayValue ?? []).compactMap { $0.objectValue?["value"]?.text }
    }

    private static func reading(_ value: Int, at minute: Int, dataset: Int?) -> JSONValue {
        var json: JSONObject = [
            "type": "Property", "value": .number(JSONNumber(value)),
            "observedAt": .string(moment(minute)),
        ]
        json["datasetId"] = dataset.map { .string("urn:d:\($0)") }
        return .object(json)
    }

    @Test func `the end of an attribute is no row of its values`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([7])
            _ = try await client.send(.delete, "entities/urn:x:7/attrs/speed")
            let table = try await client.send(.get, "temporal/entities?type=Bus&format=csv")
            #expect(table.lines.count == 2)
            #expect(!table.text.contains("null"))
            let ends = try await client.send(
                .get,
                "temporal/entities?type=Bus&format=csv&timeproperty=deletedAt"
            )
            #expect(ends.lines.count == 2)
        }
    }

    @Test func `a long aggregated table is made of fewer entities at a time`() async throws {
        var limits = HubLimits()
        limits.maximumAnswerInstances = 60
        try await ServedHub(limits: limits).test { client in
            for sensor in 1...4 {
                let history = Self.history("urn:x:\(sensor)", ["a": Array(0..<50)])
                _ = try await client.send(.post, "temporal/entities", history)
            }
            let table = try await client.send(
                .get,
                "temporal/entities?type=Sensor&format=csv&aggrMethods=max&aggrPeriodDuration=PT1M"
            )
            #expect(table.lines.count == 201)
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
