import ContextModel
import Testing

@testable import CityServices

/// The demo city behaves like a city: busy at the right times, with values that are possible.
struct DemoDevicesTests {
    /// Monday, 23 November 2026, 00:00 in Phuket.
    private let monday = Timestamp(microseconds: 1_795_366_800_000_000)
    private let city = DemoCity(seed: 7)

    private func value(_ id: String, _ name: String, day: Int64 = 0, hour: Double) throws -> Double
    {
        let seconds = day * 86_400 + Int64(hour * 3_600)
        let time = Timestamp(microseconds: monday.microseconds + seconds * 1_000_000)
        let entity = city.entities(at: time).compactMap(\.objectValue).first {
            $0["id"]?.stringValue == "urn:ngsi-ld:" + id
        }
        return try #require(entity?[name]?.objectValue?["value"]?.numberValue).doubleValue
    }

    @Test func `midnight in Phuket is a Monday's hour zero`() {
        let time = IslandTime(monday)
        #expect(time.weekday == 0)
        #expect(time.hour == 0)
        #expect(time.yearShare > 0.88 && time.yearShare < 0.91)
    }

    @Test func `the morning rush is slower and fuller than the night`() throws {
        let id = "TrafficFlowObserved:phuket:central-phuket"
        #expect(try value(id, "intensity", hour: 7.7) > 4 * value(id, "intensity", hour: 3))
        #expect(
            try value(id, "averageVehicleSpeed", hour: 7.7)
                < value(id, "averageVehicleSpeed", hour: 3)
        )
    }

    @Test func `Bangla Road is for the night and the beach for the day`() throws {
        let road = "CrowdFlowObserved:phuket:bangla-middle"
        #expect(
            try value(road, "peopleCount", hour: 22.5) > 3 * value(road, "peopleCount", hour: 11)
        )
        let beach = "CrowdFlowObserved:phuket:kata-beach"
        #expect(try value(beach, "peopleCount", hour: 16.5) > 100)
        #expect(try value(beach, "peopleCount", hour: 2) < 30)
    }

    @Test func `the walking street fills the Old Town on Sunday evening`() throws {
        let id = "CrowdFlowObserved:phuket:thalang-road-west"
        let sunday = try value(id, "peopleCount", day: 6, hour: 18.5)
        #expect(try sunday > 1.3 * value(id, "peopleCount", day: 1, hour: 18.5))
    }

    @Test func `it rains more often in September than in February`() {
        let noise = DemoNoise(seed: 7)
        func wetHours(startingDay: Int64) -> Int {
            (0..<720).count { hour in
                let micros = (startingDay * 24 + Int64(hour)) * 3_600_000_000
                return DemoWeather(noise, at: Timestamp(microseconds: micros)).rain > 0
            }
        }
        // Days since 1970 of 1 September and 1 February 2026.
        let (september, february) = (wetHours(startingDay: 20_697), wetHours(startingDay: 20_485))
        #expect(september > 2 * february)
        #expect(september < 360)
    }

    @Test func `readings stay within what is possible through a whole week`() throws {
        let limits: [String: ClosedRange<Double>] = [
            "averageVehicleSpeed": 5...110, "occupancy": 0...1, "intensity": 0...3_800,
            "peopleCount": 0...3_000, "pm25": 2...80, "pm10": 2...160, "no2": 1...90,
            "temperature": 21...36, "relativeHumidity": 50...98, "speed": 0...60,
            "heading": 0...360, "fillingLevel": 0...1, "illuminanceLevel": 0...1,
            "windSpeed": 0...16, "precipitation": 0...22, "waveHeight": 0.1...4,
        ]
        let end = Timestamp(microseconds: monday.microseconds + 7 * 86_400_000_000)
        for evolution in city.history(from: monday, to: end, stepSeconds: 3_000) {
            for member in try #require(evolution.objectValue).members {
                guard let limit = limits[member.key] else { continue }
                for instance in try #require(member.value.arrayValue) {
                    let value = try #require(instance.objectValue?["value"]?.numberValue)
                    #expect(limit.contains(value.doubleValue), "\(member.key)")
                }
            }
        }
    }

    @Test func `a bus moves along its line at most as fast as its greatest speed`() {
        for line in Phuket.busLines {
            let bus = Bus(line: line, number: 0)
            let noise = DemoNoise(seed: 7)
            var before: Position?
            for step in 0..<400 {
                let micros = monday.microseconds + (36_000 + Int64(step) * 5) * 1_000_000
                let time = Timestamp(microseconds: micros)
                let readings = bus.readings(at: time, weather: DemoWeather(noise, at: time))
                guard case .place(let now)? = readings.first?.value else {
                    Issue.record("a bus reports its place first")
                    return
                }
                if let before {
                    let (east, north) = (
                        now.eastMeters(from: before), now.northMeters(from: before)
                    )
                    #expect((east * east + north * north).squareRoot() <= 5 * 60 / 3.6)
                }
                before = now
            }
            #expect(line.lengthMeters > 8_000 && line.lengthMeters < 60_000)
        }
    }

    @Test func `buses stand at the terminus at night`() throws {
        #expect(try value("Vehicle:phuket:bus-town-kata-2", "speed", hour: 3) == 0)
    }

    @Test func `lamps burn at night and not at noon`() throws {
        let lamps = (1...9).map { "Streetlight:phuket:thalang-\($0)" }
        #expect(try lamps.count { try value($0, "illuminanceLevel", hour: 21) == 1 } >= 7)
        #expect(try lamps.allSatisfy { try value($0, "illuminanceLevel", hour: 12) == 0 })
    }

    @Test func `a bin fills until the lorry comes`() throws {
        let id = "WasteContainer:phuket:bangla-3"
        let levels = try (0..<48).map {
            try value(id, "fillingLevel", day: Int64($0 / 24), hour: Double($0 % 24))
        }
        let emptied = zip(levels, levels.dropFirst()).count { $1 < $0 }
        #expect((1...2).contains(emptied))
    }
}
