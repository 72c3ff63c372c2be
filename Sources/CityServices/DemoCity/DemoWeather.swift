import ContextModel

/// The weather over the whole island, which influences all other readings.
struct DemoWeather: Sendable {
    /// From 0, dry, to 1, a downpour.
    let rain: Double
    let temperatureCelsius: Double
    let humidityPercent: Double
    let windMetersPerSecond: Double
    let windFromDegrees: Double
    let time: IslandTime

    init(_ noise: DemoNoise, at moment: Timestamp) {
        let time = IslandTime(moment)
        self.time = time
        let cloud = 0.5 + 0.5 * noise.drift(11, at: moment, periodSeconds: 5_400)
        let threshold = 0.93 - 0.35 * time.monsoon
        rain = max(0, min(1, (cloud - threshold) / 0.12))
        let warmth = 26.4 + 5.2 * time.daylight - 1.2 * time.monsoon
        temperatureCelsius =
            warmth - 2.4 * rain + 0.6 * noise.drift(12, at: moment, periodSeconds: 7_200)
        humidityPercent = min(98, 86 - 20 * time.daylight + 8 * time.monsoon + 12 * rain)
        windMetersPerSecond =
            2.2 + 2.4 * time.monsoon + 1.6 * time.daylight
            + 1.4 * noise.drift(13, at: moment, periodSeconds: 3_600)
        // North-east in the cool season, west-south-west in the monsoon.
        let prevailing = 60 + 190 * time.monsoon
        windFromDegrees = prevailing + 25 * noise.drift(14, at: moment, periodSeconds: 5_400)
    }
}
