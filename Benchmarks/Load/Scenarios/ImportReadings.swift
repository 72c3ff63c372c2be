import Foundation

extension Bench {
    /// A file like that of a city's pedestrian counters, imported by the command line.
    ///
    /// It has a column per sensor and a row per hour; some cells are empty.
    func importReadings() throws {
        let hours = scale.pick(quick: 4_000, usual: Counter.hours)
        let readings = try writeReadings(hours: hours)
        try withHub("import") { hub in
            let start = monotonicSeconds()
            try runImport(into: hub)
            let seconds = monotonicSeconds() - start
            // The target is for the whole file; a shorter one has to be as fast.
            let wholeFile = seconds * Double(Counter.hours) / Double(hours)
            report.add(
                Row(
                    "Import of \(short(Double(readings))) readings from a CSV file",
                    figure: String(format: "%.1f s, ", seconds)
                        + "\(short(Double(readings) / seconds)) readings/s",
                    targets: [.atMost(60, "s for 1.22 million", wholeFile)]
                )
            )
            try checkImport(hub, hours: hours)
        }
    }

    private static let sensors = 21
    /// One cell in so many is a gap.
    private static let gapEvery = 19

    private func isGap(_ hour: Int, _ sensor: Int) -> Bool {
        (hour * Self.sensors + sensor) % Self.gapEvery == 7
    }

    private func reading(_ hour: Int, _ sensor: Int) -> Int { Counter.count(hour + sensor) }

    /// The number of readings written.
    private func writeReadings(hours: Int) throws -> Int {
        var readings = 0
        var text = "time," + (0..<Self.sensors).map { "Street \($0)" }.joined(separator: ",") + "\n"
        for hour in 0..<hours {
            text += Counter.text(hour, "%Y-%m-%d %H:%M")
            for sensor in 0..<Self.sensors {
                text += ","
                guard !isGap(hour, sensor) else { continue }
                text += String(reading(hour, sensor))
                readings += 1
            }
            text += "\n"
        }
        try text.write(to: data("readings.csv"), atomically: true, encoding: .utf8)
        try Self.map.write(to: data("readings.yaml"), atomically: true, encoding: .utf8)
        return readings
    }

    private static let map = """
        type: CrowdFlowObserved
        id: "urn:ngsi-ld:CrowdFlowObserved:{sensor}"
        history: true
        time:
          value: "{time}"
          format: "%Y-%m-%d %H:%M"
          zone: UTC
        wide:
          except: [time]
          name: sensor
          value: count
        attributes:
          peopleCount: {column: count, as: number}
        entity:
          name: {text: "{sensor}"}
        """

    private func runImport(into hub: ServerProcess) throws {
        let process = Process()
        process.executableURL = programs.appendingPathComponent("balai")
        process.arguments = [
            "import", "csv", data("readings.csv").path, "--map", data("readings.yaml").path,
            "--hub", "http://127.0.0.1:\(hub.address.port)", "--data", data("import").path,
        ]
        // What it notes about imports stays among what is removed.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["XDG_STATE_HOME": data("state").path]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkError("balai import ended with \(process.terminationStatus)")
        }
    }

    /// A sensor's total, asked of the hub, is that of the file.
    private func checkImport(_ hub: ServerProcess, hours: Int) throws {
        let sensor = 4
        let expected = (0..<hours).filter { !isGap($0, sensor) }
            .reduce(0) { $0 + reading($1, sensor) }
        let id = "Street%2520\(sensor)"
        let request = Request(
            "GET",
            Counter.path(id) + "?timerel=between&timeAt=\(Counter.time(0))"
                + "&endTimeAt=\(Counter.time(hours))&attrs=peopleCount"
                + "&options=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=PT0S"
        )
        try Client(to: hub.address).exchange(request.bytes) { answer in
            if let complaint = answer.isNot(200) { throw BenchmarkError(complaint) }
            guard answer.body.contains("[[\(expected),") else {
                throw BenchmarkError("the total of a sensor is not \(expected)")
            }
        }
    }
}
