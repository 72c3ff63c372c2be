import ContextModel

/// A detector of vehicles at the roadside.
struct TrafficDetector: DemoDevice {
    let type = "TrafficFlowObserved"
    let key: String
    let name: String
    let reportSeconds: Int64 = 30
    let position: Position
    let road: String
    let rhythm: Rhythm
    let noise: DemoNoise
    /// Vehicles per hour when the road is full.
    let capacity: Double
    let freeSpeedKilometersPerHour: Double

    var fixedAttributes: [(key: String, value: JSONValue)] {
        [location(position), ("roadName", property(.string(road)))]
    }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let load = load(at: time, weather: weather)
        // Speed falls slowly at first and steeply near capacity (the curve of the US Bureau of
        // Public Roads).
        let delay = 1 + 1.1 * load * load * load * load
        let wet = 1 - 0.2 * weather.rain
        let wobble = 1 + 0.05 * noise.drift(channel &+ 2, at: time, periodSeconds: 120)
        let speed = max(6, freeSpeedKilometersPerHour * wet * wobble / delay)
        let occupancy = min(0.95, 0.62 * load * freeSpeedKilometersPerHour / speed / 2)
        return [
            Reading("intensity", capacity * min(load, 1.05)),
            Reading("averageVehicleSpeed", speed, decimals: 1, unitCode: "KMH"),
            Reading("occupancy", occupancy, decimals: 2, unitCode: "C62"),
            Reading("congested", .bool(speed < 0.5 * freeSpeedKilometersPerHour)),
        ]
    }

    private func load(at time: Timestamp, weather: DemoWeather) -> Double {
        let usual = 0.85 + 0.3 * noise.uniform(channel)
        let today = 1 + 0.22 * noise.drift(channel &+ 1, at: time, periodSeconds: 1_500)
        let visitors = rhythm == .commute ? 1 : 0.6 + 0.4 * weather.time.season
        let level = rhythm.level(weather.time) * usual * today * visitors
        return max(0.01, level * (1 + 0.15 * weather.rain))
    }
}

/// A camera that counts people and stores no picture.
struct CrowdCounter: DemoDevice {
    let type = "CrowdFlowObserved"
    let key: String
    let name: String
    let reportSeconds: Int64 = 30
    let position: Position
    let rhythm: Rhythm
    let noise: DemoNoise
    /// People in view when it is full.
    let capacity: Double

    var fixedAttributes: [(key: String, value: JSONValue)] { [location(position)] }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let share = peopleShare(at: time, weather: weather)
        let towards = 0.5 + 0.2 * noise.drift(channel &+ 2, at: time, periodSeconds: 2_400)
        let count = (capacity * share).rounded()
        return [
            Reading("peopleCount", count),
            Reading("peopleCountTowards", (count * towards).rounded()),
            Reading("peopleCountAway", count - (count * towards).rounded()),
            Reading("occupancy", min(1, share), decimals: 2, unitCode: "C62"),
            Reading("averageCrowdSpeed", 4.6 - 2.8 * min(1, share), decimals: 1, unitCode: "KMH"),
            Reading("congested", .bool(share > 0.85)),
        ]
    }

    func peopleShare(at time: Timestamp, weather: DemoWeather) -> Double {
        let shelter = rhythm == .beach ? 0.9 : 0.45
        let today = 1 + 0.25 * noise.drift(channel &+ 1, at: time, periodSeconds: 1_800)
        let level = rhythm.level(weather.time) * weather.time.season * today
        return max(0, level * (1 - shelter * weather.rain))
    }
}
