import Foundation

/// The ways to look: a long table, sums by month, tiles, the newest of many streams, and listeners.
extension Bench {
    private static let counters = 21

    func looking() throws {
        try withHub("looking") { hub in
            let hours = scale.pick(quick: 3_000, usual: Counter.hours)
            for number in 0..<Self.counters { try append(hub, "sensor\(number)", hours: hours) }
            try table(hub, readings: hours * Self.counters)
            try months(hub, hours: hours)
        }
        try withHub("points") { hub in
            let count = scale.entities
            _ = try points(0..<count, of: hub)
            try pages(hub)
            try tiles(hub, points: count)
            try streams(hub)
            try listeners(hub)
        }
    }

    private static let everyCounter = "type=CrowdFlowObserved&attrs=peopleCount"

    /// All readings as one table.
    private func table(_ hub: ServerProcess, readings: Int) throws {
        let path = "/ngsi-ld/v1/temporal/entities?\(Self.everyCounter)&format=csv"
        let before = try hub.residentMegabytes().now
        let start = monotonicSeconds()
        let rows = try Client(to: hub.address).exchange(Request("GET", path).bytes) {
            if let complaint = $0.isNot(200) { throw BenchmarkError(complaint) }
            return $0.body.occurrences(of: "\r\n") - 1
        }
        let seconds = monotonicSeconds() - start
        guard rows == readings else { throw BenchmarkError("\(rows) of \(readings) rows") }
        let added = try hub.residentMegabytes().most - before
        report.add(
            Row(
                "A table (CSV) of \(short(Double(readings))) readings",
                figure: "\(short(Double(rows) / seconds)) rows/s, "
                    + String(format: "%.0f MB of memory added at most", added),
                targets: [
                    .atLeast(300_000, "rows/s", Double(rows) / seconds),
                    .atMost(50, "MB", added),
                ]
            )
        )
    }

    /// Sums by months over all counters, from another day each time.
    private func months(_ hub: ServerProcess, hours: Int) throws {
        let measured = try loop(hub, connections: 1).run(
            Bound(requests: .max, seconds: scale.seconds),
            make: { number, _ in
                let day = Counter.text(24 * (number % 25), "%Y-%m-%d")
                let path = "/aggregates?\(Self.everyCounter)&from=\(day)&period=month&by=entity"
                return Request("GET", path).bytes
            },
            check: { _, answer in
                answer.isNot(200) ?? (answer.body.contains("sensor20") ? nil : "one is missing")
            }
        ).checked()
        let milliseconds = Double(measured.latencyMicroseconds(share: 0.5)) / 1_000
        report.add(
            Row(
                "Sums by months of \(Self.counters) histories of \(short(Double(hours))) hours each",
                figure: measured.summary,
                targets: [.atMost(100, "ms", milliseconds)]
            )
        )
    }

    /// A page of entities with gzip and without.
    private func pages(_ hub: ServerProcess) throws {
        let size = 100
        for (name, headers) in [("", []), (", in gzip", ["Accept-Encoding: gzip"])] {
            let path = "/ngsi-ld/v1/entities?type=Meter&limit=\(size)"
            let request = Request("GET", path, headers: headers).bytes
            var bytes = 0
            let measured = try loop(hub, connections: 8).run(
                Bound(requests: .max, seconds: scale.seconds * 0.4),
                make: { _, _ in request },
                check: { _, answer in
                    bytes = answer.body.count
                    return answer.isNot(200)
                }
            ).checked()
            report.add(
                Row(
                    "A page of \(size) entities\(name), 8 connections",
                    figure: "\(measured.summary), \(short(Double(bytes))) bytes"
                )
            )
        }
    }

    // MARK: Points

    /// Creates points around a city, each with a reading.
    private func points(_ numbers: Range<Int>, of hub: ServerProcess) throws -> Measurement {
        let size = 1_000
        return try loop(hub, connections: 1).run(
            Bound(requests: numbers.count / size, seconds: 120),
            make: { batch, _ in
                let first = numbers.lowerBound + batch * size
                let part = first..<first + size
                let body = "[\(part.map(Self.point).joined(separator: ","))]"
                return Request("POST", "/ngsi-ld/v1/entityOperations/create", body: body).bytes
            },
            check: { _, answer in answer.isNot(201) }
        ).checked()
    }

    private static func point(_ number: Int) -> String {
        // Numbers without common divisors spread them evenly.
        let (x, y) = (number &* 7_919 % 100_003, number &* 104_729 % 99_991)
        let longitude = String(format: "%.5f", 98.2 + Double(x) / 250_000)
        let latitude = String(format: "%.5f", 7.7 + Double(y) / 250_000)
        // A tenth of them have a history.
        let time = number % 10 == 0 ? ",\"observedAt\":\"\(Counter.time(number % 1_000))\"" : ""
        let type = number % 10 == 0 ? "Meter" : "Tree"
        return """
            {"id":"urn:ngsi-ld:\(type):\(number)","type":["\(type)","Point"],\
            "level":{"type":"Property","value":\(number % 97)\(time)},\
            "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[\(longitude),\(latitude)]}}}
            """
    }

    /// Tiles of the whole and of parts, by zoom.
    private func tiles(_ hub: ServerProcess, points: Int) throws {
        for zoom in [8, 11, 14] {
            let measured = try loop(hub, connections: 1).run(
                Bound(requests: .max, seconds: scale.seconds * 0.4),
                make: { number, _ in
                    let (column, row) = Self.tile(number, zoom)
                    return Request("GET", "/tiles/Point/\(zoom)/\(column)/\(row).mvt").bytes
                },
                check: { _, answer in answer.isNot(200) == nil ? nil : answer.isNot(204) }
            ).checked()
            let milliseconds = Double(measured.latencyMicroseconds(share: 0.5)) / 1_000
            report.add(
                Row(
                    "Vector tiles of \(short(Double(points))) points, zoom \(zoom)",
                    figure: measured.summary,
                    targets: [.atMost(20, "ms", milliseconds)]
                )
            )
        }
    }

    /// A tile in which there are points.
    private static func tile(_ number: Int, _ zoom: Int) -> (Int, Int) {
        let places = Double(1 << zoom)
        let longitude = 98.2 + Double(number &* 31 % 100) / 250
        let latitude = (7.7 + Double(number &* 17 % 100) / 250) * .pi / 180
        let column = (longitude + 180) / 360 * places
        let row = (1 - log(tan(latitude) + 1 / cos(latitude)) / .pi) / 2 * places
        return (Int(column), Int(row))
    }

    /// The newest reading of each of 10,000 Datastreams of SensorThings.
    private func streams(_ hub: ServerProcess) throws {
        let path = "/sensorthings/v1.1/Datastreams?$expand=Observations($top=1)&$top=10000"
        let request = Request("GET", path).bytes
        var found = 0
        let measured = try loop(hub, connections: 1).run(
            Bound(requests: .max, seconds: scale.seconds),
            make: { _, _ in request },
            check: { _, answer in
                found = answer.body.occurrences(of: "\"Observations\":")
                return answer.isNot(200)
            }
        ).checked()
        let milliseconds = Double(measured.latencyMicroseconds(share: 0.5)) / 1_000
        report.add(
            Row(
                "The newest readings of \(short(Double(found))) Datastreams, in one request",
                figure: measured.summary,
                targets: [.atMost(200, "ms", milliseconds)]
            )
        )
    }

    // MARK: Listeners

    /// Browsers that listen to events, and the memory they take.
    private func listeners(_ hub: ServerProcess) throws {
        let count = scale.pick(quick: 500, usual: 5_000)
        let before = try hub.residentMegabytes().now
        let request = Request("GET", "/events?type=Meter", headers: ["Accept: text/event-stream"])
            .bytes
        var clients: [Client] = []
        for _ in 0..<count {
            let client = try Client(to: hub.address)
            try client.send(request)
            clients.append(client)
        }
        // Each has its head, so each listens.
        var byte: UInt8 = 0
        for client in clients { _ = try recv(client.socket, &byte, 1, 0).orThrow("no answer") }
        let added = try hub.residentMegabytes().now - before
        report.add(
            Row(
                "\(short(Double(count))) browsers that listen to /events",
                figure: String(format: "%.0f MB of memory added", added),
                targets: [.atMost(200 * Double(count) / 5_000, "MB", added)]
            )
        )
    }
}
