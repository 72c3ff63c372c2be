import Foundation

/// What a figure should be.
struct Target {
    enum Sense { case atLeast, atMost }
    let sense: Sense
    let value: Double
    let unit: String
    /// The figure it is about.
    let measured: Double

    static func atLeast(_ value: Double, _ unit: String, _ measured: Double) -> Target {
        Target(sense: .atLeast, value: value, unit: unit, measured: measured)
    }

    static func atMost(_ value: Double, _ unit: String, _ measured: Double) -> Target {
        Target(sense: .atMost, value: value, unit: unit, measured: measured)
    }

    var isReached: Bool { sense == .atLeast ? measured >= value : measured <= value }

    var text: String { "\(sense == .atLeast ? "≥" : "≤") \(short(value)) \(unit)" }

    var verdict: String {
        guard !isReached else { return "reached" }
        let share = abs(measured - value) / value * 100
        return share >= 100
            ? String(format: "missed: %.1f times the target", measured / value)
            : String(format: "missed by %.0f %%", share)
    }
}

/// One line of the table.
struct Row {
    let scenario: String
    let figure: String
    let ratio: String
    let targets: [Target]
    let failed: Bool

    init(
        _ scenario: String,
        figure: String,
        ratio: String = "",
        targets: [Target] = [],
        failed: Bool = false
    ) {
        self.scenario = scenario
        self.figure = figure
        self.ratio = ratio
        self.targets = targets
        self.failed = failed
    }
}

/// The rows so far, and how they are written.
struct Report {
    private(set) var rows: [Row] = []
    /// Requests a second of the bare server, when it was last measured.
    var helloPerSecond = 0.0

    var hasFailed: Bool { rows.contains { $0.failed } }

    mutating func add(_ row: Row) {
        rows.append(row)
        say("    \(row.scenario): \(row.figure)  \(row.ratio)")
        for target in row.targets { say("        \(target.text): \(target.verdict)") }
    }

    /// How its rate compares with the bare server's.
    func ratioText(_ measurement: Measurement) -> String {
        String(format: "%.2f of hello", shareOfHello(measurement))
    }

    private func shareOfHello(_ measurement: Measurement) -> Double {
        helloPerSecond > 0 ? measurement.perSecond / helloPerSecond : 0
    }

    /// A row of requests: a second, waiting, processor time; and as a ratio to the bare server.
    mutating func add(
        _ scenario: String,
        _ measurement: Measurement,
        atLeast perSecond: Double? = nil,
        ofHello: Double? = nil
    ) {
        let ratio = shareOfHello(measurement)
        var targets: [Target] = []
        if let ofHello { targets.append(.atLeast(ofHello, "of hello", ratio)) }
        if let perSecond { targets.append(.atLeast(perSecond, "/s", measurement.perSecond)) }
        add(
            Row(
                scenario,
                figure: measurement.summary,
                ratio: ratioText(measurement),
                targets: targets
            )
        )
    }

    /// The page for readers.
    func markdown(machine: String, date: String) -> String {
        var page = """
            # What was measured

            `make bench` wrote this page; `Benchmarks/README.md` says how it measures. Server and load
            tool share the machine, every answer is checked, and every write is on disk
            (`synchronous=FULL`) before it is acknowledged. Ratios are to a bare "hello" of the same
            HTTP server, measured just before. "CPU" is the server's processor time for one request,
            p99 the time that one request in a hundred exceeds.

            - Machine: \(machine)
            - Date: \(date)

            | Scenario | Figure | Ratio | Target | |
            | --- | --- | --- | --- | --- |

            """
        for row in rows {
            let targets = row.targets.map(\.text).joined(separator: "<br>")
            let verdicts = row.targets.map(\.verdict).joined(separator: "<br>")
            let figure = row.figure.replacing("|", with: "\\|").replacing("\n", with: " ")
            page += "| \(row.scenario) | \(figure) | \(row.ratio) | \(targets) | \(verdicts) |\n"
        }
        page += """

            How costs grow, in processor time of the hub for one request:

            ![Cost by entities, subscriptions and instances](growth.svg)

            What rights cost, with people, their choices and policies:

            ![Cost by people, choices and policies](rights.svg)

            """
        return page
    }
}

extension Measurement {
    var summary: String {
        String(
            format: "%@/s, p50 %@, p99 %@, CPU %@",
            short(perSecond),
            time(latencyMicroseconds(share: 0.5)),
            time(latencyMicroseconds(share: 0.99)),
            time(Int(serverSeconds / Double(max(requests, 1)) * 1e6))
        )
    }

    private func time(_ microseconds: Int) -> String {
        microseconds < 1000
            ? "\(microseconds) µs" : String(format: "%.1f ms", Double(microseconds) / 1000)
    }
}

/// Three or four digits that matter, thousands apart.
func short(_ value: Double) -> String {
    guard value >= 1000 else { return String(format: value >= 100 ? "%.0f" : "%.3g", value) }
    var digits = String(Int(value.rounded()))
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
}

/// Processors, memory and system, as far as Linux tells.
func machineDescription() -> String {
    let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let gigabytes = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
    let model =
        (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
        .split(separator: "\n").first { $0.hasPrefix("model name") }?
        .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
    let system = ProcessInfo.processInfo.operatingSystemVersionString
    return String(format: "%d processors %@, %.0f GB, %@", processors, model, gigabytes, system)
}

/// A line on standard output, at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
