import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// People who sign in by browser at an identity provider, which is a real one.
@Suite struct OpenIDSignInTests {
    private static let tools = repository.appending(path: ".build/clients/bin").path
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let secret = "s3cret / of the client"

    /// A browser as far as it matters here: it keeps cookies, and goes where it is sent.
    private final class Visitor {
        private var cookies: [String: String] = [:]
        private let client: HubClient
        private let hub: RealHub

        init(_ client: HubClient, _ hub: RealHub) {
            self.client = client
            self.hub = hub
        }

        func get(_ address: String) async throws -> HubAnswer {
            let pairs = cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
            let answer = try await client.send(at: address, headers: [("Cookie", pairs)])
            for cookie in answer.headers["Set-Cookie"] {
                let pair = cookie.prefix { $0 != ";" }.split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                cookies[String(pair[0])] = pair[1].isEmpty ? nil : String(pair[1])
            }
            return answer
        }

        /// Signs a person in at the provider; returns where that sends the browser back to.
        func signIn(as person: String) async throws -> String {
            let begun = try await get(hub.url + "/sign-in/with/city")
            #expect(begun.status == 303)
            let address = try #require(begun.headers.first(name: "Location"))
            let answer = try await client.send(
                .POST,
                at: address,
                headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("sub=\(person)".utf8)
            )
            return try #require(answer.headers.first(name: "Location"), "\(answer.text)")
        }

        /// Whether the hub says that somebody is signed in.
        func isSignedIn(as party: String) async throws -> Bool {
            let page = try await get(hub.url + "/sign-in")
            #expect(page.status == 200)
            return page.text.contains("You are signed in as \(party)")
        }
    }

    @Test func `oidc-provider-mock signs people in by browser, and no attacker as somebody else`()
        async throws
    {
        let folder = try TestFolder()
        let (provider, address) = try await startProvider(folder)
        defer { provider.send(SIGKILL) }
        let secret = folder.path + "/secret"
        try Self.secret.write(toFile: secret, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        try """
        issuers:
          city:
            issuer: \(address)
            clientID: balai
            clientSecretFile: \(secret)
            label: the city of Phuket
            partyPrefix: "urn:city:user:"
            subjectClaim: sub
            subjectPrefix: "urn:city:person:"
        """.write(toFile: folder.path + "/hub.yaml", atomically: true, encoding: .utf8)
        let hub = try await RealHub(
            folder: folder,
            arguments: ["--config", folder.path + "/hub.yaml"]
        )
        try await HubClient.with { client in
            let ann = Visitor(client, hub)
            let start = try await ann.get(hub.url + "/sign-in")
            #expect(start.text.contains("Sign in with the city of Phuket"))
            let back = try await ann.signIn(as: "ann")
            // A browser that did not begin is not signed in by the link (login CSRF).
            let eve = Visitor(client, hub)
            #expect(try await eve.get(back).status == 403)
            #expect(try await eve.isSignedIn(as: "urn:city:user:ann") == false)
            let done = try await ann.get(back)
            #expect(done.status == 200 && done.headers.first(name: "Refresh") == "0; url=/")
            #expect(try await ann.isSignedIn(as: "urn:city:user:ann"))
            // A code is of use once, and in the session for which it was given.
            #expect(try await ann.get(back).status == 403)
            let stolen = try await ann.signIn(as: "ann")
            let own = try await eve.signIn(as: "eve")
            #expect(try await eve.get(self.mixed(own, codeOf: stolen)).status == 401)
            #expect(try await eve.isSignedIn(as: "urn:city:user:ann") == false)
            #expect(try await client.send(at: hub.url + "/sign-in/with/else").status == 404)
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// An address of the hub with the code of another.
    private func mixed(_ address: String, codeOf other: String) throws -> String {
        var parts = try #require(URLComponents(string: address))
        let code = URLComponents(string: other)?.queryItems?.first { $0.name == "code" }
        parts.queryItems =
            (parts.queryItems ?? []).filter { $0.name != "code" } + [try #require(code)]
        return try #require(parts.string)
    }

    private func startProvider(_ folder: TestFolder) async throws -> (ChildProcess, String) {
        let python = Self.tools + "/python"
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "Run .ci/python-packages clients first, as `make test` does."
        )
        let script = Self.repository.appending(path: "Tests/HubTests/Clients/openid_provider.py")
        let process = try ChildProcess(
            program: python,
            [script.path, "balai", Self.secret],
            environment: ["PATH": Self.tools + ":/usr/bin:/bin"],
            log: folder.path + "/provider.log"
        )
        let ready = try #require(await process.line(with: "ready "), "\(process.errors)")
        return (process, String(ready.trimmingCharacters(in: .newlines).dropFirst(6)))
    }
}
