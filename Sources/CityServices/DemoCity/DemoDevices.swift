import ContextModel

extension DemoCity {
    /// Every device of the demo city, created from the tables of places.
    static func makeDevices(_ noise: DemoNoise) -> [any DemoDevice] {
        trafficDetectors(noise) + crowdCounters(noise) + beaches(noise) + stations(noise) + buses
            + streetFurniture(noise)
    }

    private static func trafficDetectors(_ noise: DemoNoise) -> [any DemoDevice] {
        Phuket.traffic.map { place, road, rhythm, capacity, speed in
            TrafficDetector(
                key: place.key,
                name: place.name,
                position: place.position,
                road: road,
                rhythm: rhythm,
                noise: noise,
                capacity: capacity,
                freeSpeedKilometersPerHour: speed
            )
        }
    }

    private static func crowdCounters(_ noise: DemoNoise) -> [any DemoDevice] {
        Phuket.crowds.map { place, rhythm, capacity in
            CrowdCounter(
                key: place.key,
                name: place.name,
                position: place.position,
                rhythm: rhythm,
                noise: noise,
                capacity: capacity
            )
        }
    }

    /// Each beach has a camera that counts people and, at some distance, a flag of the lifeguards.
    private static func beaches(_ noise: DemoNoise) -> [any DemoDevice] {
        Phuket.beaches.flatMap { place, capacity, facesWest -> [any DemoDevice] in
            let counter = CrowdCounter(
                key: place.key,
                name: place.name,
                position: place.position,
                rhythm: .beach,
                noise: noise,
                capacity: capacity
            )
            var flag = place.position
            flag.latitudeDegrees -= 0.0016
            flag.longitudeDegrees -= 0.0004
            return [
                counter,
                WatchedBeach(
                    key: place.key,
                    name: place.name,
                    position: flag,
                    counter: counter,
                    facesWest: facesWest
                ),
            ]
        }
    }

    private static func stations(_ noise: DemoNoise) -> [any DemoDevice] {
        let air = Phuket.air.map { place, roadside in
            AirStation(
                key: place.key,
                name: "Air, \(place.name)",
                position: place.position,
                noise: noise,
                roadside: roadside
            )
        }
        let weather = Phuket.weather.map { place in
            WeatherStation(
                key: place.key,
                name: "Weather, \(place.name)",
                position: place.position,
                noise: noise
            )
        }
        return air + weather
    }

    private static var buses: [any DemoDevice] {
        Phuket.busLines.flatMap { line in
            (0..<line.busCount).map { Bus(line: line, number: $0) }
        }
    }

    /// The bins and lamps of one street, evenly spaced along it.
    private static let binsPerStreet = 7
    private static let lampsPerStreet = 9

    private static func streetFurniture(_ noise: DemoNoise) -> [any DemoDevice] {
        Phuket.streets.flatMap { street, end -> [any DemoDevice] in
            let bins = spread(binsPerStreet, from: street.position, to: end).enumerated().map {
                WasteBin(
                    key: "\(street.key)-\($0 + 1)",
                    name: "Bin \($0 + 1), \(street.name)",
                    position: $1,
                    noise: noise
                )
            }
            let lamps = spread(lampsPerStreet, from: street.position, to: end).enumerated().map {
                StreetLamp(
                    key: "\(street.key)-\($0 + 1)",
                    name: "Lamp \($0 + 1), \(street.name)",
                    position: $1,
                    noise: noise
                )
            }
            return bins + lamps
        }
    }

    private static func spread(_ count: Int, from start: Position, to end: Position) -> [Position] {
        (0..<count).map { index in
            let share = (Double(index) + 0.5) / Double(count)
            return Position(
                longitudeDegrees: start.longitudeDegrees
                    + share * (end.longitudeDegrees - start.longitudeDegrees),
                latitudeDegrees: start.latitudeDegrees
                    + share * (end.latitudeDegrees - start.latitudeDegrees)
            )
        }
    }
}
