import Foundation

/// A server whose use of the machine is measured.
protocol Measured {
    var address: Address { get }
    /// Processor time used since it started.
    func processorSeconds() throws -> Double
}

/// A program that was started here and has said that it is ready.
final class ServerProcess: Measured {
    let address: Address
    let secondsToReady: Double
    private let process: Process

    init(_ executable: URL, _ arguments: [String], environment: [String: String] = [:]) throws {
        process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        let start = monotonicSeconds()
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 0x0A {
            line.append(byte)
        }
        let text = String(decoding: line, as: UTF8.self)
        guard let address = Address(readyLine: text) else {
            process.terminate()
            throw BenchmarkError(
                "\(executable.lastPathComponent) said \"\(text)\" instead of where it is ready"
            )
        }
        self.address = address
        secondsToReady = monotonicSeconds() - start
    }

    /// Stops it as an operator would, and waits.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    var number: Int32 { process.processIdentifier }

    func processorSeconds() throws -> Double { try ProcessTimes(of: number).processorSeconds }

    /// What it holds in memory now, and held at most.
    func residentMegabytes() throws -> (now: Double, most: Double) {
        let status = try String(
            contentsOfFile: "/proc/\(process.processIdentifier)/status",
            encoding: .utf8
        )
        func megabytes(_ name: String) -> Double {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            let kilobytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst()
                .first
            return (kilobytes.flatMap { Double($0) } ?? 0) * 1024 / 1e6
        }
        return (megabytes("VmRSS:"), megabytes("VmHWM:"))
    }
}

/// What the system says of a process.
struct ProcessTimes {
    let parent: Int32
    /// Ticks since the machine started.
    let start: Int
    let processorSeconds: Double

    init(of process: Int32) throws {
        let line = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // The second field is a name in brackets that may hold spaces. Of all fields, the parent is the 4th,
        // user and system time are the 14th and 15th, and the start is the 22nd.
        let fields = line.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let parent = Int32(fields[1]), let user = Double(fields[11]),
            let system = Double(fields[12]), let start = Int(fields[19])
        else {
            throw BenchmarkError("no processor time of process \(process)")
        }
        self.parent = parent
        self.start = start
        processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// Processor time of this process.
func toolProcessorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
