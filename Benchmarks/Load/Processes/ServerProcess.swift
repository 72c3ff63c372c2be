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

    func processorSeconds() throws -> Double {
        let line = try String(
            contentsOfFile: "/proc/\(process.processIdentifier)/stat",
            encoding: .utf8
        )
        // The second field is a name in brackets that may hold spaces; user and system time are
        // the 14th and 15th of all.
        let fields = line.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else {
            throw BenchmarkError("no processor time of the server")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

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

/// Processor time of this process.
func toolProcessorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
