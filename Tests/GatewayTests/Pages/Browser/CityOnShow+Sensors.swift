import ContextModel
import Outbound

extension CityOnShow {
    /// Thermometers whose charts might be wrong, and a bin.
    static let sensors: @Sendable (HTTPHub) async throws -> Void = { hub in
        let hour = 3_600
        // Every five seconds for a day and a half, every day for four years but one summer.
        let fast = stride(from: hour * 36, to: 0, by: -5)
            .map { (age: $0, value: Double($0 % 100)) }
        let day = hour * 24
        let summer = day * 500...day * 600
        let days = stride(from: day * 1_461, to: 0, by: -day).filter { !summer.contains($0) }
            .map { (age: $0, value: 20.0) }
        try await add("fast", fast, to: hub)
        try await add("years", days, to: hub)
        try await add("old", [(hour * 24 * 800, 18), (hour * 24 * 799, 19)], to: hub)
        try await add("ahead", [(hour * 2, 20), (hour, 21), (-hour * 72, 99)], to: hub)
        let bin = (1...20).map { (age: hour * (21 - $0), value: Double($0) / 25) }
        try await add("one", bin, to: hub, type: "WasteContainer", attribute: "fillingLevel")
        let crowd = [(age: -hour * 24, value: 9_999.0)]
        try await add("late", crowd, to: hub, type: "CrowdFlowObserved", attribute: "peopleCount")
    }

    /// Adds an entity with a history; ages are seconds before now, and the last is its state.
    private static func add(
        _ name: String,
        _ readings: [(age: Int, value: Double)],
        to hub: HTTPHub,
        type: String = "Thermometer",
        attribute: String = "temperature"
    ) async throws {
        let now = now
        let instances = readings.map { age, value -> JSONValue in
            let moment = Timestamp(microseconds: now.microseconds - Int64(age) * 1_000_000)
            return [
                "type": "Property", "value": .number(JSONNumber(value)),
                "observedAt": .string(moment.text),
            ]
        }
        let id = JSONValue.string("urn:ngsi-ld:\(type):\(name)")
        let state: JSONValue = [
            "id": id, "type": .string(type), "location": place(98.3, 7.9),
            attribute: instances.last ?? .null,
        ]
        _ = try await hub.upsert(JSONValue.array([state]).serialized, isLinkedData: false)
        for start in stride(from: 0, to: instances.count, by: 5_000) {
            let part = instances[start..<min(start + 5_000, instances.count)]
            let evolution: JSONValue = [
                "id": id, "type": .string(type), attribute: .array(Array(part)),
            ]
            try await hub.appendHistory(evolution.serialized)
        }
    }

    private static func place(_ east: Double, _ north: Double) -> JSONValue {
        [
            "type": "GeoProperty",
            "value": [
                "type": "Point",
                "coordinates": [.number(JSONNumber(east)), .number(JSONNumber(north))],
            ],
        ]
    }

    /// Types without symbols of their own, and an identifier that needs percent-encoding.
    static let strangers: @Sendable (HTTPHub) async throws -> Void = { hub in
        var entities = ["Kiosk", "Bench", "Tree"].enumerated().map { index, type -> JSONValue in
            [
                "id": .string("urn:ngsi-ld:\(type):1"), "type": .string(type),
                "location": place(98.3 + Double(index) / 100, 7.9),
            ]
        }
        entities.append([
            "id": "urn:ngsi-ld:Street:Main%20Street", "type": "Street",
            "location": place(98.3, 7.95),
            "leadsTo": ["type": "Relationship", "object": "urn:ngsi-ld:Kiosk:1"],
        ])
        _ = try await hub.upsert(JSONValue.array(entities).serialized, isLinkedData: false)
    }

    /// Adds so many of one of them that the order of the types changes.
    static func addTrees(to hub: HTTPHub) async throws {
        let trees = (2..<40).map { number -> JSONValue in
            [
                "id": .string("urn:ngsi-ld:Tree:\(number)"), "type": "Tree",
                "location": place(98.35, 7.85 + Double(number) / 1_000),
            ]
        }
        _ = try await hub.upsert(JSONValue.array(trees).serialized, isLinkedData: false)
    }

    /// A sensor that is silent and one that is not, a well whose readings are history alone, a street and a district.
    static let quietCity: @Sendable (HTTPHub) async throws -> Void = { hub in
        func moment(_ secondsAgo: Int64) -> JSONValue {
            .string(Timestamp(microseconds: now.microseconds - secondsAgo * 1_000_000).text)
        }
        func place(_ geometry: JSONValue) -> JSONValue {
            ["type": "GeoProperty", "value": geometry]
        }
        func point(_ longitude: Double) -> JSONValue {
            place(["type": "Point", "coordinates": [.number(JSONNumber(longitude)), 13.75]])
        }
        let sensors = [("1", 100.0, false), ("2", 100.02, true)].map { id, longitude, isSilent in
            JSONValue.object([
                "id": .string("urn:ngsi-ld:AirQualityObserved:\(id)"), "type": "AirQualityObserved",
                "location": point(longitude),
                "pm25": ["type": "Property", "value": 12.5, "observedAt": moment(60)],
                "silent": ["type": "Property", "value": .bool(isSilent), "observedAt": moment(5)],
            ])
        }
        let line: JSONValue = [
            "type": "LineString", "coordinates": [[100, 13.74], [100.02, 13.76]],
        ]
        let ring: JSONValue = [
            [99.99, 13.73], [100.03, 13.73], [100.03, 13.77], [99.99, 13.77], [99.99, 13.73],
        ]
        let others: [JSONValue] = [
            ["id": "urn:ngsi-ld:Street:1", "type": "Street", "location": place(line)],
            [
                "id": "urn:ngsi-ld:District:1", "type": "District",
                "location": place(["type": "Polygon", "coordinates": [ring]]),
            ], ["id": "urn:ngsi-ld:Well:1", "type": "Well", "location": point(100.01)],
        ]
        _ = try await hub.upsert(JSONValue.array(sensors + others).serialized, isLinkedData: false)
        let past: JSONValue = [
            "id": "urn:ngsi-ld:Well:1", "type": "Well",
            "level": [
                ["type": "Property", "value": 3.5, "unitCode": "MTR", "observedAt": moment(9_000)],
                [
                    "type": "Property", "value": 3.25, "unitCode": "MTR",
                    "observedAt": moment(7_300),
                ],
            ],
        ]
        try await hub.appendHistory(past.serialized)
    }
}
