import ContextModel

/// A station that measures air quality.
struct AirStation: DemoDevice {
    let type = "AirQualityObserved"
    let key: String
    let name: String
    let reportSeconds: Int64 = 60
    let position: Position
    let noise: DemoNoise
    /// The share of pollution from the road, 0...1.
    let roadside: Double

    var fixedAttributes: [(key: String, value: JSONValue)] { [location(position)] }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let haze = noise.drift(21, at: time, periodSeconds: 86_400)
        let local = noise.drift(channel &+ 1, at: time, periodSeconds: 2_700)
        let traffic = Rhythm.commute.level(weather.time) * roadside
        let washed = (1 - 0.45 * weather.rain) * (1 - 0.35 * weather.time.monsoon)
        let pm25 = max(2, (13 + 6 * haze + 15 * traffic + 2.5 * local) * washed)
        let no2 = max(1, (6 + 34 * traffic + 3 * local) * washed)
        return [
            Reading("pm25", pm25, decimals: 1, unitCode: "GQ"),
            Reading("pm10", pm25 * (1.7 + 0.15 * local), decimals: 1, unitCode: "GQ"),
            Reading("no2", no2, decimals: 1, unitCode: "GQ"),
            Reading(
                "temperature",
                weather.temperatureCelsius + 0.5 * local,
                decimals: 1,
                unitCode: "CEL"
            ),
            Reading("relativeHumidity", weather.humidityPercent, unitCode: "P1"),
        ]
    }
}

/// A weather station.
struct WeatherStation: DemoDevice {
    let type = "WeatherObserved"
    let key: String
    let name: String
    let reportSeconds: Int64 = 60
    let position: Position
    let noise: DemoNoise

    var fixedAttributes: [(key: String, value: JSONValue)] { [location(position)] }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let local = noise.drift(channel, at: time, periodSeconds: 1_800)
        let wind = max(0.2, weather.windMetersPerSecond + 0.8 * local)
        return [
            Reading(
                "temperature",
                weather.temperatureCelsius + 0.6 * local,
                decimals: 1,
                unitCode: "CEL"
            ),
            Reading("relativeHumidity", weather.humidityPercent, unitCode: "P1"),
            Reading("precipitation", 22 * weather.rain, decimals: 1, unitCode: "MMT"),
            Reading("windSpeed", wind, decimals: 1, unitCode: "MTS"),
            Reading("windDirection", weather.windFromDegrees + 8 * local, unitCode: "DD"),
        ]
    }
}

/// A beach with its lifeguards.
struct WatchedBeach: DemoDevice {
    let type = "Beach"
    let key: String
    let name: String
    let reportSeconds: Int64 = 300
    let position: Position
    let counter: CrowdCounter
    /// Whether it is open to the west, where the monsoon swell comes from.
    let facesWest: Bool

    var fixedAttributes: [(key: String, value: JSONValue)] {
        [location(position), ("beachType", property(["whiteSand"]))]
    }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let share = counter.peopleShare(at: time, weather: weather)
        let level = share > 0.6 ? "high" : share > 0.25 ? "medium" : "low"
        let swell = (facesWest ? 1 : 0.5) * (0.35 * weather.windMetersPerSecond - 0.5)
        let waves = max(0.1, swell)
        // The flag is not in the Smart Data Models; lifeguards hoist it for bathers.
        let flag = waves > 1.5 ? "red" : waves > 0.8 ? "yellow" : "green"
        return [
            Reading("occupationRate", .string(level)),
            Reading("waveHeight", waves, decimals: 1, unitCode: "MTR"),
            Reading("safetyFlag", .string(flag)),
        ]
    }
}
