package import ContextModel

/// The devices, visits and indicators of a simulated city: a function of the city and the time.
package struct NetworkCityDevices: Sendable {
    package static let types = [
        "AirQualityObserved", "WeatherObserved", "TrafficFlowObserved", "Visit",
        "KeyPerformanceIndicator",
    ]
    /// The `source` of every entity.
    package static let source = "simulated"

    private let city: NetworkCity
    private let noise: DemoNoise

    package init(_ city: NetworkCity) {
        self.city = city
        // The same name makes the same city.
        noise = DemoNoise(
            seed: city.name.utf8.reduce(0xCBF2_9CE4_8422_2325) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
        )
    }

    /// All entities as they are at the moment.
    package func entities(at moment: Timestamp) -> [JSONValue] {
        let devices =
            (1...3).map { airStation($0, at: moment) }
            + (1...2).map { weatherStation($0, at: moment) }
            + (1...3).map { counter($0, at: moment) }
        let indicators = NetworkCityIndicator.all.enumerated().map { number, each in
            indicator(each, UInt64(number + 1), of: devices, at: moment)
        }
        return devices + (1...3).map { visit($0, at: moment) } + indicators
    }

    // MARK: - Devices

    private func airStation(_ number: UInt64, at moment: Timestamp) -> JSONValue {
        let haze = noise.drift(1, at: moment, periodSeconds: 86_400)
        let local = noise.drift(10 + number, at: moment, periodSeconds: 2_700)
        let pm25 = rounded(max(2, 18 + 9 * haze + 5 * local))
        return entity("AirQualityObserved", number, place: number) {
            [
                ("pm25", reading(pm25, "GQ", at: moment)),
                ("pm10", reading(rounded(pm25 * 1.7), "GQ", at: moment)),
            ]
        }
    }

    private func weatherStation(_ number: UInt64, at moment: Timestamp) -> JSONValue {
        let warmth = noise.drift(20 + number, at: moment, periodSeconds: 7_200)
        // The air is about one degree cooler for every five degrees of latitude.
        let celsius = 29 - abs(city.latitude) / 5 + 3 * warmth
        return entity("WeatherObserved", number, place: 10 + number) {
            [("temperature", reading(rounded(celsius), "CEL", at: moment))]
        }
    }

    private func counter(_ number: UInt64, at moment: Timestamp) -> JSONValue {
        let share = noise.drift(30 + number, at: moment, periodSeconds: 3_600)
        return entity("TrafficFlowObserved", number, place: 20 + number) {
            [("intensity", reading((420 + 300 * share).rounded(), "E34", at: moment))]
        }
    }

    /// A visit to a clinic by somebody who was invented.
    private func visit(_ number: UInt64, at moment: Timestamp) -> JSONValue {
        let ward = ["fever", "eyes", "children"][Int(number) % 3]
        return entity("Visit", number, place: nil) {
            [
                (
                    "patient",
                    ["type": "Property", "value": .string("urn:person:\(city.key):\(number)")]
                ),
                ("ward", ["type": "Property", "value": .string(ward)]),
            ]
        }
    }

    // MARK: - Indicators

    /// The mean over the city's devices, with what it is made of.
    private func indicator(
        _ indicator: NetworkCityIndicator,
        _ number: UInt64,
        of devices: [JSONValue],
        at moment: Timestamp
    ) -> JSONValue {
        let (type, attribute) = indicator.source
        let made = devices.compactMap(\.objectValue).filter { $0["type"]?.stringValue == type }
        let values = made.compactMap {
            $0[attribute]?.objectValue?["value"]?.numberValue?.doubleValue
        }
        let mean = rounded(values.reduce(0, +) / Double(max(values.count, 1)))
        let names = indicator.names.map {
            (key: $0.language, value: JSONValue.string($0.name))
        }
        return entity("KeyPerformanceIndicator", number, place: nil) {
            [
                ("alternateName", ["type": "Property", "value": .string(indicator.key)]),
                ("name", ["type": "LanguageProperty", "languageMap": .object(JSONObject(names))]),
                ("kpiValue", reading(mean, indicator.unit, at: moment)),
                (
                    "calculationFormula",
                    ["type": "Property", "value": .string(indicator.formula)]
                ),
                (
                    "derivedFrom",
                    ["type": "Relationship", "object": .array(made.compactMap { $0["id"] })]
                ),
                ("addressLocality", ["type": "Property", "value": .string(city.name)]),
            ]
        }
    }

    // MARK: - Entities

    private func id(_ type: String, _ number: UInt64) -> String {
        "urn:ngsi-ld:\(type):\(city.key):\(number)"
    }

    /// `place` chooses a point near the centre of the city; nil for what is nowhere.
    private func entity(
        _ type: String,
        _ number: UInt64,
        place: UInt64?,
        _ attributes: () -> [(key: String, value: JSONValue)]
    ) -> JSONValue {
        var entity: JSONObject = [
            "id": .string(id(type, number)), "type": .string(type),
            "source": ["type": "Property", "value": .string(Self.source)],
        ]
        if let place {
            let east = city.longitude + 0.06 * (noise.uniform(100 + place) - 0.5)
            let north = city.latitude + 0.06 * (noise.uniform(200 + place) - 0.5)
            entity["location"] = [
                "type": "GeoProperty",
                "value": [
                    "type": "Point",
                    "coordinates": [.number(JSONNumber(east)), .number(JSONNumber(north))],
                ],
            ]
        }
        for (key, value) in attributes() { entity[key] = value }
        return .object(entity)
    }

    private func reading(_ value: Double, _ unit: String, at moment: Timestamp) -> JSONValue {
        [
            "type": "Property", "value": .number(JSONNumber(value)), "unitCode": .string(unit),
            "observedAt": .string(moment.text),
        ]
    }

    private func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
