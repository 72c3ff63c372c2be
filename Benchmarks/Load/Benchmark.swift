import Foundation

/// Drives real hubs over loopback and writes what it measured; Benchmarks/README.md says how.
@main
enum Benchmark {
    static func main() {
        do {
            guard try measure() else { exit(1) }
        } catch {
            say("Load: \(error)")
            exit(1)
        }
    }

    /// False when a scenario failed.
    private static func measure() throws -> Bool {
        let environment = ProcessInfo.processInfo.environment
        let bench = try Bench(scale: Scale(environment: environment))
        defer { try? bench.removeData() }
        say("Measuring on \(machineDescription()); data in \(bench.folder.path)")
        let only = environment["BENCH_ONLY"].map { Set($0.split(separator: ",").map(String.init)) }
        for (name, run) in scenarios where only?.contains(name) ?? true || name == "hello" {
            bench.scenario(name) { try run(bench) }
        }
        if only?.contains("million") ?? bench.scale.isFull {
            bench.scenario("million") { try bench.million() }
        }
        bench.scenario("hello again") { try bench.helloAgain() }
        if only == nil { try bench.writeResults() }
        if bench.growth.hasRights {
            try bench.write(bench.growth.rightsSVG, to: "Benchmarks/rights.svg")
        }
        if bench.growth.hasNetwork {
            try bench.write(bench.growth.networkSVG, to: "Benchmarks/network.svg")
        }
        return !bench.report.hasFailed
    }

    /// In the order they run.
    ///
    /// `BENCH_ONLY=create,history` picks some and leaves the page alone; the plots of rights and of the network are
    /// written by each run that measured all of them.
    private static let scenarios: [(String, @Sendable (Bench) throws -> Void)] = [
        ("hello", { try $0.hello() }),
        ("city", { try $0.city() }),
        ("create", { try $0.create() }),
        ("batch", { try $0.batchCreate() }),
        ("history", { try $0.history() }),
        ("aggregation", { try $0.aggregation() }),
        ("subscriptions", { try $0.subscriptions() }),
        ("delivery", { try $0.delivery() }),
        ("import", { try $0.importReadings() }),
        ("messages", { try $0.messages() }),
        ("looking", { try $0.looking() }),
        ("rights", { try $0.rights() }),
        ("network", { try $0.network() }),
    ]
}

extension Bench {
    /// The bare server, which all else is compared with.
    func hello() throws {
        let measured = try measureHello(seconds: scale.seconds)
        let tool = measured.toolSeconds / Double(measured.requests) * 1e6
        report.helloPerSecond = measured.perSecond
        report.add(
            Row(
                "Bare server (\"hello\"), 32 connections",
                figure: measured.summary + "; the tool's own CPU \(short(tool)) µs",
                ratio: "1"
            )
        )
    }

    /// The bare server just before something is compared with it: what else runs on the machine
    /// then slows down both.
    func probeHello() throws {
        report.helloPerSecond = try measureHello(seconds: 0.7).perSecond
    }

    /// The bare server once more, to see whether the machine has changed meanwhile.
    func helloAgain() throws {
        let measured = try measureHello(seconds: scale.seconds)
        report.add(Row("Bare server once more, at the end", figure: measured.summary))
    }

    private func measureHello(seconds: Double) throws -> Measurement {
        let server = try startHello()
        defer { server.stop() }
        let loop = loop(server, connections: 32)
        var request = Request("GET", "/hello")
        func run(_ seconds: Double) throws -> Measurement {
            try loop.run(
                Bound(requests: .max, seconds: seconds),
                make: { _, _ in request() },
                check: { _, answer in
                    answer.isNot(200) ?? (answer.body.contains("hello") ? nil : "not hello")
                }
            ).checked()
        }
        // Both sides warm up first.
        _ = try run(0.3)
        return try run(seconds)
    }

    func writeResults() throws {
        let date = Date().formatted(.iso8601)
        let page = report.markdown(machine: machineDescription(), date: date)
        try page.write(toFile: "Benchmarks/RESULTS.md", atomically: true, encoding: .utf8)
        try growth.svg.write(toFile: "Benchmarks/growth.svg", atomically: true, encoding: .utf8)
        say("\nBenchmarks/RESULTS.md and growth.svg are written.")
    }

    func write(_ plot: String, to file: String) throws {
        try plot.write(toFile: file, atomically: true, encoding: .utf8)
        say("\n\(file) is written.")
    }
}
