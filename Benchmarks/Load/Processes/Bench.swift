import Foundation

/// What every scenario works with: the programs, a folder for data, the size of the run, the table.
final class Bench {
    let poller = Poller()
    /// Where the built programs lie: beside this one.
    let programs: URL
    let folder: URL
    let scale: Scale
    var report = Report()
    /// How costs grow, for the plot.
    var growth = Growth()

    init(scale: Scale) throws {
        self.scale = scale
        programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("balai-bench-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func removeData() throws { try FileManager.default.removeItem(at: folder) }

    func data(_ name: String) -> URL { folder.appendingPathComponent(name) }

    func startHello() throws -> ServerProcess {
        try ServerProcess(programs.appendingPathComponent("Hello"), [])
    }

    /// A hub that asks who somebody is, with a configuration.
    func startGovernedHub(_ name: String, config: URL) throws -> ServerProcess {
        try ServerProcess(
            programs.appendingPathComponent("balai"),
            [
                "serve", "--data", data(name).path, "--port", "0", "--log-level", "error",
                "--config", config.path,
            ]
        )
    }

    /// What a program of the build prints, one line after the other.
    func output(_ program: String, _ arguments: [String]) throws -> [String] {
        let process = Process()
        process.executableURL = programs.appendingPathComponent(program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkError("\(program) ended with \(process.terminationStatus)")
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// A real hub on a free port; its data is in a folder of that name, kept between two starts.
    func startHub(_ name: String) throws -> ServerProcess {
        try ServerProcess(
            programs.appendingPathComponent("balai"),
            ["serve", "--data", data(name).path, "--port", "0", "--open", "--log-level", "error"],
            // The receiver of notifications is on this machine.
            environment: [
                "BALAI_CONTEXTS_ALLOW_PRIVATE_ADDRESSES": "true", "BALAI_SOURCE_BENCH": "bench",
                "BALAI_LIMITS_MAXIMUM_CONNECTIONS": "6000",
            ]
        )
    }

    func withHub<T>(_ name: String, _ body: (ServerProcess) throws -> T) throws -> T {
        let hub = try startHub(name)
        defer { hub.stop() }
        return try body(hub)
    }

    func loop(_ server: any Measured, connections: Int) -> ClosedLoop {
        ClosedLoop(poller: poller, server: server, connections: connections)
    }

    /// Runs a scenario; what stops it becomes a row of its own, and the others go on.
    func scenario(_ name: String, _ body: () throws -> Void) {
        let start = monotonicSeconds()
        say("\n\(name)")
        do {
            if name != "hello" { try probeHello() }
            try body()
        } catch {
            report.add(Row(name, figure: "failed: \(error)", failed: true))
        }
        say(String(format: "    %.0f s", monotonicSeconds() - start))
    }
}

/// How much is done: a quick look, the usual run, or the full one.
enum Scale {
    case quick, usual, full

    init(environment: [String: String]) {
        self =
            environment["BENCH_QUICK"] == "1"
            ? .quick : environment["BENCH_FULL"] == "1" ? .full : .usual
    }

    func pick<T>(quick: T, usual: T, full: T? = nil) -> T {
        switch self {
        case .quick: quick
        case .usual: usual
        case .full: full ?? usual
        }
    }

    var isFull: Bool { self == .full }

    /// Entities of the hub that is read and updated.
    var entities: Int { pick(quick: 10_000, usual: 100_000) }
    /// Time one measurement may take.
    var seconds: Double { pick(quick: 1, usual: 5, full: 10) }
}
