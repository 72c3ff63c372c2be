import ContextModel
import Foundation

/// A line of the smart buses: its route, as a chain of positions in the order of travel.
struct BusLine: Sendable {
    let key: String
    let name: String
    let path: [Position]
    let busCount: Int
    /// The distance in metres from the start to each position of the path.
    let metersAlong: [Double]

    init(key: String, name: String, busCount: Int, path: [Position]) {
        self.key = key
        self.name = name
        self.busCount = busCount
        self.path = path
        var total = 0.0
        var along = [0.0]
        for (a, b) in zip(path, path.dropFirst()) {
            total +=
                (b.eastMeters(from: a) * b.eastMeters(from: a)
                + b.northMeters(from: a) * b.northMeters(from: a)).squareRoot()
            along.append(total)
        }
        metersAlong = along
    }

    var lengthMeters: Double { metersAlong.last ?? 0 }

    /// The position this many metres from the start, and the direction of the line there.
    func place(atMeters meters: Double) -> (position: Position, headingDegrees: Double) {
        let end = metersAlong.firstIndex { $0 >= meters } ?? metersAlong.count - 1
        let index = max(1, end)
        let (a, b) = (path[index - 1], path[index])
        let length = max(1, metersAlong[index] - metersAlong[index - 1])
        let share = max(0, min(1, (meters - metersAlong[index - 1]) / length))
        let position = Position(
            longitudeDegrees: a.longitudeDegrees
                + share * (b.longitudeDegrees - a.longitudeDegrees),
            latitudeDegrees: a.latitudeDegrees + share * (b.latitudeDegrees - a.latitudeDegrees)
        )
        let angle = atan2(b.eastMeters(from: a), b.northMeters(from: a)) * 180 / .pi
        return (position, angle < 0 ? angle + 360 : angle)
    }
}

/// A bus that travels back and forth on its line.
struct Bus: DemoDevice {
    let type = "Vehicle"
    let line: BusLine
    /// The number of the bus on its line, from 0.
    let number: Int
    let reportSeconds: Int64 = 5

    /// Buses run from six in the morning to half past eleven at night.
    static let serviceHours = 6.0..<23.5
    /// Metres between stops.
    private static let stopMeters = 900.0
    /// The time from one stop to the next, including the halt.
    private static let legSeconds = 120.0
    private static let standingSeconds = 25.0

    var key: String { "bus-\(line.key)-\(number + 1)" }
    var name: String { "Bus \(line.name), no. \(number + 1)" }

    var fixedAttributes: [(key: String, value: JSONValue)] {
        [
            ("vehicleType", property("bus")), ("category", property(["public"])),
            ("lineName", property(.string(line.name))),
        ]
    }

    func readings(at time: Timestamp, weather: DemoWeather) -> [Reading] {
        let runs = Self.serviceHours.contains(weather.time.hour)
        let motion = motion(at: time)
        let meters = runs ? motion.meters : 0
        let onReturn = runs && meters > line.lengthMeters
        let place = line.place(atMeters: onReturn ? 2 * line.lengthMeters - meters : meters)
        let heading = onReturn ? place.headingDegrees + 180 : place.headingDegrees
        return [
            Reading("location", at: place.position),
            Reading(
                "speed",
                runs ? motion.kilometersPerHour : 0,
                decimals: 1,
                unitCode: "KMH"
            ),
            Reading("heading", heading.truncatingRemainder(dividingBy: 360), unitCode: "DD"),
            Reading("serviceStatus", .string(runs ? "onRoute" : "parked")),
        ]
    }

    /// The position of the bus in its round, there and back, and its speed.
    private func motion(at time: Timestamp) -> (meters: Double, kilometersPerHour: Double) {
        let legs = max(1, (2 * line.lengthMeters / Self.stopMeters).rounded())
        let roundSeconds = legs * Self.legSeconds
        let start = Double(number) * roundSeconds / Double(line.busCount)
        let now = Double(time.microseconds % 604_800_000_000) / 1_000_000 + start
        let inRound = now.truncatingRemainder(dividingBy: roundSeconds)
        let leg = (inRound / Self.legSeconds).rounded(.down)
        let legMeters = 2 * line.lengthMeters / legs
        let drivingSeconds = Self.legSeconds - Self.standingSeconds
        let driven = inRound - leg * Self.legSeconds - Self.standingSeconds
        let share = max(0, driven) / drivingSeconds
        // A smooth step starts and stops gently; its slope is the speed.
        let meters = (leg + share * share * (3 - 2 * share)) * legMeters
        let speed = 6 * share * (1 - share) * legMeters / drivingSeconds
        return (meters, speed * 3.6)
    }
}

extension Position {
    /// Metres per degree of latitude, on a sphere: good to half a percent, enough for an island.
    private static let metersPerDegree = 111_195.0

    func northMeters(from other: Position) -> Double {
        (latitudeDegrees - other.latitudeDegrees) * Self.metersPerDegree
    }

    func eastMeters(from other: Position) -> Double {
        (longitudeDegrees - other.longitudeDegrees) * Self.metersPerDegree
            * cos(other.latitudeDegrees * .pi / 180)
    }
}
