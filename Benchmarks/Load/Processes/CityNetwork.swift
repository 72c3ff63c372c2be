import Foundation

/// The hubs of `balai network`, each in a process of its own, on ports of this machine in a row.
final class CityNetwork: Measured {
    private let process: ServerProcess
    /// The processes of the hubs, in the order of their cities.
    private let hubs: [Int32]

    /// Waits until all cities are ready; their data is in a folder of that name.
    init(_ bench: Bench, _ name: String, cities: Int) throws {
        process = try ServerProcess(
            bench.programs.appendingPathComponent("balai"),
            [
                "network", "--data", bench.data(name).path, "--cities", "\(cities)",
                "--port", "\(try Self.freePorts(cities))", "--log-level", "error",
            ]
        )
        hubs = try Self.children(of: process.number)
        guard hubs.count == cities else {
            throw BenchmarkError("\(hubs.count) hubs run instead of \(cities)")
        }
    }

    /// Where the first city answers.
    var address: Address { process.address }
    var secondsToReady: Double { process.secondsToReady }

    func address(of city: Int) -> Address { Address(port: address.port + UInt16(city)) }

    func stop() { process.stop() }

    /// Processor time of all hubs.
    func processorSeconds() throws -> Double {
        try hubs.reduce(0) { try $0 + ProcessTimes(of: $1).processorSeconds }
    }

    /// Memory of each hub; what several have together, such as the program itself, is shared out among them.
    func megabytes() throws -> [Double] {
        try hubs.map { hub in
            let text = try String(contentsOfFile: "/proc/\(hub)/smaps_rollup", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") } ?? ""
            guard
                let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
            else { throw BenchmarkError("no memory of process \(hub)") }
            return kilobytes * 1024 / 1e6
        }
    }

    /// Stops the last city's process where it is: it accepts connections, and answers nothing.
    func silenceLastCity() { if let last = hubs.last { kill(last, SIGSTOP) } }

    /// Lets the last city go on.
    func wakeLastCity() { if let last = hubs.last { kill(last, SIGCONT) } }

    private static func children(of parent: Int32) throws -> [Int32] {
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap {
            Int32($0)
        }
        // Others end while this looks at them.
        let times = all.compactMap { number in
            (try? ProcessTimes(of: number)).map { (number: number, times: $0) }
        }
        return times.filter { $0.times.parent == parent }
            .sorted { ($0.times.start, $0.number) < ($1.times.start, $1.number) }.map(\.number)
    }

    /// The first of so many ports in a row on which nobody listens.
    private static func freePorts(_ count: Int) throws -> UInt16 {
        for first in stride(from: 21_000, to: 30_000, by: count) {
            let ports = (first..<first + count).map { Address(port: UInt16($0)) }
            if ports.allSatisfy({ (try? Client(to: $0)) == nil }) { return UInt16(first) }
        }
        throw BenchmarkError("no \(count) free ports in a row")
    }
}
