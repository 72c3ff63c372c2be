import ContextModel

/// A bin that measures how full it is, and is emptied once a day.
struct WasteBin: DemoDevice {
    let type = "WasteContainer"
    let key: String
    let name: String
    let reportSeconds: Int64 = 300
    let position: Position
    let noise: DemoNoise

    var fixedAttributes: [(key: String, value: JSONValue)] {
        [location(position), ("storedWasteKind", property([.string(kind)]))]
    }

    private var kind: String {
        switch noise.uniform(channel &+ 7) {
        case ..<0.2: "glass"
        case ..<0.5: "plastic"
        default: "other"
        }
    }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let collectionHour = 4 + 4 * noise.uniform(channel)
        let hours = weather.time.hour - collectionHour
        let day = hours >= 0 ? weather.time.day : weather.time.day - 1
        let sinceCollection = hours >= 0 ? hours : hours + 24
        let rate = (0.35 + 0.75 * noise.uniform(channel &+ 1, step: day)) / 24
        // Slow at night and quick in the afternoon, like a smooth step.
        let share = sinceCollection / 24
        let bend = share * share * (3 - 2 * share)
        let level = min(1, 0.03 + 24 * rate * (0.4 * share + 0.6 * bend))
        return [
            Reading("fillingLevel", level, decimals: 2, unitCode: "C62"),
            Reading("status", .string(level >= 1 ? "overflowing" : "ok")),
        ]
    }
}

/// A street lamp with a dimmer.
struct StreetLamp: DemoDevice {
    let type = "Streetlight"
    let key: String
    let name: String
    let reportSeconds: Int64 = 300
    let position: Position
    let noise: DemoNoise

    var fixedAttributes: [(key: String, value: JSONValue)] { [location(position)] }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        // One lamp in forty is defective, another one each week.
        let isDefective = noise.uniform(channel &+ 1, step: weather.time.day / 7) < 0.025
        let isDark = weather.time.daylight < 0.06 || weather.rain > 0.85
        let isOn = isDark && !isDefective
        let isLate = weather.time.hour < 5
        return [
            Reading("powerState", .string(isOn ? "on" : "off")),
            Reading(
                "illuminanceLevel",
                isOn ? (isLate ? 0.5 : 1) : 0,
                decimals: 1,
                unitCode: "C62"
            ),
            Reading("status", .string(isDefective ? "defectiveLamp" : "ok")),
        ]
    }
}
