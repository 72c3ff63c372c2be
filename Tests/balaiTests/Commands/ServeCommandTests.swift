import Foundation
import Testing

@testable import balai

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite struct ServeCommandTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `a hub says when it is ready, answers, and stops cleanly`(signal: Int32) async throws {
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

    @Test func `an address that is taken is said so`() async throws {
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

    @Test func `a token works while the hub runs, from being made to being removed`()
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

    @Test func `the demo keeps off the data of a real hub`() async throws {
        try await withTemporaryFolder { path in
            let hub = try RunningCommand(["serve", "--data", path, "--port", "0"])
            _ = try hub.nextLine()
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
            // On an address that is none, so that the command ends either way.
            let refused = try RunningCommand(["demo", "--data", path, "--host", "256.0.0.1"]).end()
            #expect(refused.code == 64)
            #expect(refused.errors.contains("no demo"), "\(refused.errors)")
            #expect(!FileManager.default.fileExists(atPath: path + "/demo"))
        }
    }

    /// Whether requests with the token come to get that status within a minute.
    private func reaches(_ status: Int, _ url: String, _ token: String) async throws -> Bool {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let (_, response) = try await URLSession.shared.data(for: request)
            if (response as? HTTPURLResponse)?.statusCode == status { return true }
        }
        return false
    }
}
