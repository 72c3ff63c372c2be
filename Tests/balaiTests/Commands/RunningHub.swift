import ContextModel
import Foundation
import Glibc
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A real hub whose data is public, and commands that talk to it.
final class RunningHub {
    let folder: String
    let url: String
    private let command: RunningCommand

    /// Starts a hub on the data of the folder; port 0 means any free one.
    init(_ folder: String, port: String = "0") throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        let file = folder + "/public.yaml"
        try "public: {types: [\"*\"]}".write(toFile: file, atomically: true, encoding: .utf8)
        command = try RunningCommand([
            "serve", "--data", folder + "/data", "--port", port, "--config", file,
            "--log-level", "error",
        ])
        let ready = try #require(try command.nextLine())
        url = ready.replacing("ready ", with: "")
    }

    var port: String { String(url.split(separator: ":").last ?? "") }

    func stop() throws {
        command.stop(SIGTERM)
        #expect(try command.end().code == 0)
    }

    func killAtOnce() { command.killAtOnce() }

    /// `balai import …` into this hub.
    func importing(_ arguments: [String]) throws -> RunningCommand {
        try RunningCommand(
            ["import"] + arguments + ["--hub", url, "--data", folder + "/data"],
            state: folder + "/state"
        )
    }

    /// The lines of `balai export …`, sorted.
    func exported(_ arguments: [String] = []) throws -> [String] {
        let end = try RunningCommand(
            ["export"] + arguments + ["--hub", url, "--data", folder + "/data"]
        ).end()
        #expect(end.code == 0, "\(end.errors)")
        return end.output.split(separator: "\n").map(String.init).sorted()
    }

    /// The answer to a request.
    func get(
        _ path: String,
        _ query: [String: String]
    ) async throws -> (json: JSONValue, fields: [AnyHashable: Any]) {
        var address = try #require(URLComponents(string: url + path))
        address.queryItems = query.map { URLQueryItem(name: $0.key, value: $0.value) }
        let (data, response) = try await URLSession.shared.data(from: try #require(address.url))
        let answer = try #require(response as? HTTPURLResponse)
        return (try JSONReader.read(Array(data)), answer.allHeaderFields)
    }

    /// The number of entities of the type.
    func count(_ type: String) async throws -> Int {
        let query = ["type": type, "count": "true", "limit": "0"]
        let fields = try await get("/ngsi-ld/v1/entities", query).fields
        let count = fields.first { "\($0.key)".lowercased() == "ngsild-results-count" }?.value
        return Int("\(count ?? "")") ?? -1
    }

    /// Waits until a running import has had its first answer.
    ///
    /// It blocks its thread, because an import takes seconds, and other tests may take longer.
    func waitForImport() {
        let journals = folder + "/state/balai/imports"
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let names = try? FileManager.default.contentsOfDirectory(atPath: journals)
            if names?.contains(where: { $0.hasPrefix("import-") }) == true { return }
            sched_yield()
        }
        Issue.record("the import has not begun")
    }
}
