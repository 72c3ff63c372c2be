import ContextModel
import Foundation
import Processes
import Testing

@testable import balai

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite struct ServeCommandTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `a hub reports when it is ready, answers, and stops cleanly`(signal: Int32) async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path + "/data", "--port", "0"])
            let line = try #require(try hub.nextLine())
            let url = try #require(
                line.wholeMatch(of: /ready (http:\/\/127\.0\.0\.1:[1-9][0-9]*)/)?.output.1
            )
            let (data, _) = try await URLSession.shared.data(
                from: try #require(URL(string: url + "/health"))
            )
            #expect(String(decoding: data, as: UTF8.self).contains("\"status\":\"ok\""))
            hub.stop(signal)
            let end = try hub.end()
            #expect(end.code == 0)
            #expect(end.output.isEmpty, "only the ready line belongs on standard output")
            let token = path + "/data/operator.token"
            let mode = try FileManager.default.attributesOfItem(atPath: token)[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }

    @Test func `--open is refused beyond this machine`() async throws {
        try await withTemporaryFolder { path in
            let end = try RunningCommand([
                "serve", "--data", path, "--port", "0", "--open", "--host", "0.0.0.0",
            ]).end()
            #expect(end.code == 64)
            #expect(end.errors.contains("--open is refused on 0.0.0.0"))
            #expect(end.output.isEmpty)
        }
    }

    @Test func `a wrong configuration is refused with every finding`() async throws {
        try await withTemporaryFolder { path in
            let file = path + "/hub.yaml"
            try "prot: 1\nport: x".write(toFile: file, atomically: true, encoding: .utf8)
            let end = try RunningCommand(["serve", "--data", path, "--config", file]).end()
            #expect(end.code == 78)
            #expect(end.errors.contains("nearest: \"port\""))
            #expect(end.errors.contains("port must be a whole number."))
        }
    }

    @Test func `an address in use is reported`() async throws {
        try await withTemporaryFolder { path in
            let first = try RunningCommand(["serve", "--data", path + "/1", "--port", "0"])
            let port = try #require(try first.nextLine()?.split(separator: ":").last)
            let second = try RunningCommand([
                "serve", "--data", path + "/2", "--port", String(port),
            ]).end()
            #expect(second.code == 69)
            #expect(second.errors.contains("is taken"))
            first.stop(SIGTERM)
            #expect(try first.end().code == 0)
        }
    }

    @Test func `a folder serves one hub at a time`() async throws {
        try await withTemporaryFolder { path in
            let first = try RunningCommand(["serve", "--data", path, "--port", "0"])
            _ = try first.nextLine()
            let second = try RunningCommand(["serve", "--data", path, "--port", "0"]).end()
            #expect(second.code == 74)
            #expect(second.errors.contains("in use by another hub"))
            first.stop(SIGTERM)
            _ = try first.end()
        }
    }

    @Test func `a token that others can read stops the start`() async throws {
        try await withTemporaryFolder { path in
            _ = FileManager.default.createFile(
                atPath: path + "/operator.token",
                contents: Data("0123456789abcdef0123".utf8),
                attributes: [.posixPermissions: 0o644]
            )
            let end = try RunningCommand(["serve", "--data", path, "--port", "0"]).end()
            #expect(end.code == 77)
            #expect(end.errors.contains("chmod 600"))
        }
    }

    @Test func `a token works while the hub runs, from its creation to its removal`()
        async throws
    {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path, "--port", "0"])
            let url = try #require(try hub.nextLine()).replacing("ready ", with: "") + "/health"
            let token = try RunningCommand(["token", "add", "traffic", "--data", path]).end()
                .output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try await reaches(200, url, token))
            _ = try RunningCommand(["token", "remove", "traffic", "--data", path]).end()
            #expect(try await reaches(401, url, token))
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
        }
    }

    @Test func `an @context hosted on a free port has that port in its URL`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path, "--port", "0", "--open"])
            let url = try #require(try hub.nextLine()).replacing("ready ", with: "")
            var request = try request(url + "/ngsi-ld/v1/jsonldContexts")
            request.httpMethod = "POST"
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = Data("{\"@context\": {\"Bus\": \"https://a.example/Bus\"}}".utf8)
            #expect(try await status(of: request) == 201)
            let (data, _) = try await URLSession.shared.data(
                for: self.request(url + "/ngsi-ld/v1/jsonldContexts?kind=Hosted")
            )
            let listed = try #require(try JSONReader.read(Array(data)).arrayValue)
            let hosted = try #require(listed.first?.stringValue)
            #expect(hosted.hasPrefix(url + "/ngsi-ld/v1/jsonldContexts/"))
            #expect(try await status(of: self.request(hosted)) == 200)
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
        }
    }

    @Test func `SIGHUP reloads the operator's token, and tells of rules that have changed`()
        async throws
    {
        try await withTemporaryFolder { path in
            let file = path + "/hub.yaml"
            try "public: {measures: false}".write(toFile: file, atomically: true, encoding: .utf8)
            let data = path + "/data"
            let hub = try RunningCommand([
                "serve", "--data", data, "--port", "0", "--config", file,
            ])
            let url = try #require(try hub.nextLine()).replacing("ready ", with: "") + "/metrics"
            #expect(try await status(of: request(url)) == 401)
            // An invalid file changes nothing.
            try "public: {measures: maybe}".write(toFile: file, atomically: true, encoding: .utf8)
            hub.stop(SIGHUP)
            try await waitForLog(of: hub, "stay as they were")
            #expect(try await status(of: request(url)) == 401)
            try "public: {measures: true}".write(toFile: file, atomically: true, encoding: .utf8)
            let token = data + "/operator.token"
            let old = try String(contentsOfFile: token, encoding: .utf8)
            try FileManager.default.removeItem(atPath: token)
            hub.stop(SIGHUP)
            // The hub keeps its rules since its first start, and says so.
            try await waitForLog(of: hub, "They are not in force")
            #expect(try await status(of: request(url)) == 401)
            let new = try String(contentsOfFile: token, encoding: .utf8)
            var adopting = try request(
                url.replacing("/metrics", with: "/governance/v1/rules")
            )
            adopting.httpMethod = "DELETE"
            #expect(try await status(of: adopting) == 401)
            let bearer = "Bearer " + new.trimmingCharacters(in: .newlines)
            adopting.setValue(bearer, forHTTPHeaderField: "Authorization")
            let deadline = ContinuousClock.now + .seconds(60)
            while try await status(of: adopting) != 204, ContinuousClock.now < deadline {}
            #expect(try await reaches(200, url, nil))
            let health = url.replacing("/metrics", with: "/health")
            #expect(try await reaches(401, health, old.trimmingCharacters(in: .newlines)))
            #expect(try await reaches(200, health, new.trimmingCharacters(in: .newlines)))
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
        }
    }

    @Test func `SIGHUP has what needs no restart in force, and names the rest`() async throws {
        try await withTemporaryFolder { path in
            let file = path + "/hub.yaml"
            func write(_ text: String) throws {
                try text.write(toFile: file, atomically: true, encoding: .utf8)
            }
            try write("pages: {cityName: Old Town}\nlimits: {maximumBodyBytes: 4096}")
            let hub = try RunningCommand([
                "serve", "--open", "--data", path + "/data", "--port", "0", "--config", file,
            ])
            let url = try #require(try hub.nextLine()).replacing("ready ", with: "")
            func page() async throws -> (text: String, origin: String?) {
                var request = try self.request(url + "/health")
                request.setValue("text/html", forHTTPHeaderField: "Accept")
                request.setValue("https://map.example", forHTTPHeaderField: "Origin")
                let (data, response) = try await URLSession.shared.data(for: request)
                let origin = (response as? HTTPURLResponse)?
                    .value(forHTTPHeaderField: "Access-Control-Allow-Origin")
                return (String(decoding: data, as: UTF8.self), origin)
            }
            func statusOfLongBody() async throws -> Int? {
                var request = try self.request(url + "/ngsi-ld/v1/entities")
                request.httpMethod = "POST"
                request.setValue("application/json", forHTTPHeaderField: "Content-Type")
                let text = String(repeating: "x", count: 6_000)
                let value = #"{"type": "Property", "value": "\#(text)"}"#
                request.httpBody = Data(#"{"id": "urn:x:1", "type": "T", "a": \#(value)}"#.utf8)
                return try await status(of: request)
            }
            #expect(try await page().text.contains("Old Town"))
            #expect(try await page().origin == nil)
            #expect(try await statusOfLongBody() == 413)
            // A folder that is not there: nothing of the file is in force.
            try write("pages: {cityName: New Town}\nsources: {folder: \(path)/none}")
            hub.stop(SIGHUP)
            try await waitForLog(of: hub, "stay as they were")
            #expect(try await page().text.contains("Old Town"))
            try write(
                """
                pages: {cityName: New Town}
                limits: {maximumBodyBytes: 8192, maximumConnections: 9}
                cors: {origins: ["https://map.example"]}
                retention: {"*": {keepDays: 9}}
                log: {level: warning}
                publicURL: https://other.example
                """
            )
            hub.stop(SIGHUP)
            try await waitForLog(
                of: hub,
                "needs a restart: limits.maximumConnections, publicURL"
            )
            #expect(try await page().text.contains("New Town"))
            #expect(try await page().origin == "https://map.example")
            #expect(try await statusOfLongBody() == 201)
            #expect(!hub.errors.contains("were read again"))
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
        }
    }

    @Test func `denials are in the log, without the token`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path, "--port", "0"])
            let url = try #require(try hub.nextLine()).replacing("ready ", with: "")
            #expect(
                try await reaches(401, url + "/ngsi-ld/v1/entities?q=a==1", "my-secret-token")
            )
            hub.stop(SIGTERM)
            let errors = try hub.end().errors
            #expect(errors.contains("notice denied"))
            #expect(errors.contains("path=/ngsi-ld/v1/entities why=token missing or unknown"))
            #expect(!errors.contains("my-secret-token") && !errors.contains("a==1"))
        }
    }

    @Test func `only the owner can read a backup`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path + "/data", "--port", "0"])
            _ = try hub.nextLine()
            // As one file, and in a folder.
            let folder = path + "/backups"
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: false
            )
            for place in [path + "/hub.tar", folder] {
                let backup = try RunningCommand(["backup", place, "--data", path + "/data"])
                #expect(try backup.end().code == 0)
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count == 1)
            for file in files.map({ folder + "/" + $0 }) + [path + "/hub.tar"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                let mode = try #require(attributes[.posixPermissions] as? Int)
                #expect(mode & 0o077 == 0, "\(file)")
            }
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
        }
    }

    @Test func `the demo starts like a hub, and again on its data`() async throws {
        try await withTemporaryFolder { path in
            for _ in 1...2 {
                let demo = try RunningCommand(["demo", "--data", path, "--port", "0"])
                #expect(try demo.nextLine()?.hasPrefix("ready http://127.0.0.1:") == true)
                demo.stop(SIGTERM)
                #expect(try demo.end().code == 0)
            }
        }
    }

    @Test func `the demo refuses the data of a real hub`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path, "--port", "0"])
            _ = try hub.nextLine()
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
            // The address is invalid, so that the command ends in any case.
            let refused = try RunningCommand(["demo", "--data", path, "--host", "256.0.0.1"]).end()
            #expect(refused.code == 64)
            #expect(refused.errors.contains("not a demo"), "\(refused.errors)")
            #expect(!FileManager.default.fileExists(atPath: path + "/demo"))
        }
    }

    /// Whether requests with the token get this status within a minute.
    private func reaches(_ wanted: Int, _ url: String, _ token: String?) async throws -> Bool {
        var request = try request(url)
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try await status(of: request) == wanted { return true }
        }
        return false
    }

    private func request(_ url: String) throws -> URLRequest {
        URLRequest(url: try #require(URL(string: url)))
    }

    private func status(of request: URLRequest) async throws -> Int? {
        let (_, response) = try await URLSession.shared.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode
    }

    /// Waits until the hub has logged the words.
    private func waitForLog(of hub: RunningCommand, _ words: String) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !hub.errors.contains(words) {
            try #require(ContinuousClock.now < deadline, "\(hub.errors)")
            await Task.yield()
        }
    }
}
