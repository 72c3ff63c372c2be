import Foundation
import Processes
import Testing

/// Programs in Python that compute the same as our code.
struct Peers {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Peers")
    /// The Python in whose environment `.ci/python-packages` installs their packages.
    private static let python = folder.appending(
        path: "../../../.build/statistics-peers/bin/python"
    )
    .standardized.path

    /// The lines that the program prints for the requests.
    static func run(_ name: String, _ requests: [String]) async throws -> [String] {
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "Run .ci/python-packages statistics-peers first, as `make test` does."
        )
        let log = FileManager.default.temporaryDirectory
            .appending(path: "\(name)-\(UUID().uuidString).log").path
        defer { try? FileManager.default.removeItem(atPath: log) }
        let process = try ChildProcess(
            program: python,
            [folder.appending(path: name).path] + requests,
            environment: ["PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"],
            log: log
        )
        let output = process.readRest()
        try #require(await process.ended() == .exited(0), "\(process.errors)")
        return output.split(separator: "\n").map(String.init)
    }
}
