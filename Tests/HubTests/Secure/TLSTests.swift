import AsyncHTTPClient
import ContextModel
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Processes
import Testing

/// A hub that speaks TLS itself, and clients that show certificates.
@Suite struct TLSTests {
    /// A hub with a certificate, and the authority of its clients.
    private struct World {
        let folder: TestFolder
        let hub: RealHub
        /// Who made the hub's certificate, and who makes those of clients.
        let servers: CertificateMaker
        let clients: CertificateMaker
        /// Where the hub looks for its certificate and for its clients' authorities.
        let own: CertificateMaker.Pair
        let authorities: String

        init() async throws {
            folder = try TestFolder()
            servers = try await CertificateMaker("servers", folder)
            clients = try await CertificateMaker("clients", folder)
            let first = try await World.ofHub(servers, "first")
            own = .init(
                certificate: folder.path + "/own.pem",
                key: folder.path + "/own.key"
            )
            authorities = folder.path + "/authorities.pem"
            try World.put(first.certificate, at: own.certificate)
            try World.put(first.key, at: own.key)
            try World.put(clients.authority.certificate, at: authorities)
            try """
            tls:
              certificate: \(own.certificate)
              key: \(own.key)
              clientCertificates: \(authorities)
            certificateParties:
              bus:
                subject: "CN=bus,O=City"
                party: bus-company
            permissions:
              "urn:city:clinic": {actions: [read, write], types: ["*"]}
            """.write(toFile: folder.path + "/hub.yaml", atomically: true, encoding: .utf8)
            hub = try await RealHub(
                folder: folder,
                arguments: ["--config", folder.path + "/hub.yaml"]
            )
        }

        static func ofHub(
            _ maker: CertificateMaker,
            _ name: String
        ) async throws -> CertificateMaker.Pair {
            try await maker.pair(
                name,
                subject: "/CN=hub",
                names: "DNS:localhost,IP:127.0.0.1"
            )
        }

        /// Puts a copy in the place of a file, at one moment, as programs that renew certificates do.
        static func put(_ source: String, at path: String) throws {
            let bytes = try Data(contentsOf: URL(filePath: source))
            try bytes.write(to: URL(filePath: path + ".new"))
            chmod(path + ".new", 0o600)
            guard rename(path + ".new", path) == 0 else { throw POSIXError(.EIO) }
        }

        func clinic(_ name: String = "clinic") async throws -> CertificateMaker.Pair {
            try await clients.pair(name, subject: "/CN=clinic", names: "URI:urn:city:clinic")
        }

        /// What `curl` gets.
        struct Answer: Equatable {
            var status: Int
            var body: String
        }

        /// Asks with `curl`; nil where there is no connection.
        func ask(
            _ path: String = "/sign-in",
            _ pair: CertificateMaker.Pair? = nil,
            trusting authority: CertificateMaker? = nil,
            _ more: [String] = []
        ) async throws -> Answer? {
            var arguments = [
                "--silent", "--max-time", "20", "--write-out", "\n%{http_code}", "--cacert",
                (authority ?? servers).authority.certificate,
            ]
            if let pair { arguments += ["--cert", pair.certificate, "--key", pair.key] }
            let curl = try ChildProcess(
                program: "/usr/bin/curl",
                arguments + more + [hub.url + path],
                log: folder.path + "/curl.log"
            )
            let output = curl.readRest()
            guard await curl.ended() == .exited(0) else { return nil }
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
            let status = try #require(lines.last.flatMap { Int($0) })
            return Answer(status: status, body: lines.dropLast().joined(separator: "\n"))
        }

        func isKnown(as party: String, _ pair: CertificateMaker.Pair) async throws -> Bool {
            try await ask("/sign-in", pair)?.body.contains("You are signed in as \(party)") == true
        }

        /// The status of creating an entity.
        func write(
            _ number: Int,
            _ pair: CertificateMaker.Pair?,
            _ headers: [String] = []
        ) async throws -> Int? {
            let entity = "{\"id\": \"urn:x:room:\(number)\", \"type\": \"Room\"}"
            let fields = (headers + ["Content-Type: application/json"]).flatMap { ["-H", $0] }
            return try await ask(
                "/ngsi-ld/v1/entities",
                pair,
                trusting: nil,
                fields + ["--data", entity]
            )?.status
        }

        /// Waits until something is so, as long as it takes a hub to see that files have changed.
        func becomes(_ isSo: () async throws -> Bool) async throws -> Bool {
            let end = ContinuousClock.now + .seconds(20)
            while .now < end {
                if try await isSo() { return true }
            }
            return false
        }
    }

    @Test func `without a certificate a client is anonymous, and only over TLS`() async throws {
        let world = try await World()
        #expect(world.hub.url.hasPrefix("https://"))
        let page = try await world.ask()
        #expect(page?.status == 200 && page?.body.contains("signed in") == false)
        #expect(try await world.write(1, nil) == 401)
        // Another authority has not made the hub's certificate.
        #expect(try await world.ask(trusting: world.clients) == nil)
        let plain = await Wire.exchange(
            Array("GET / HTTP/1.1\r\nHost: hub\r\n\r\n".utf8),
            withPort: world.hub.port
        )
        #expect(plain?.contains("HTTP/1.1") != true)
        #expect(await world.hub.stop() == .exited(0))
    }

    @Test func `a certificate names its party by the URI or the subject, and its rights follow`()
        async throws
    {
        let world = try await World()
        let clinic = try await world.clinic()
        #expect(try await world.isKnown(as: "urn:city:clinic", clinic))
        #expect(try await world.write(1, clinic) == 201)
        let bus = try await world.clients.pair("bus", subject: "/O=City/CN=bus")
        #expect(try await world.isKnown(as: "bus-company", bus))
        #expect(try await world.write(2, bus) == 403)
        for (name, names) in [
            ("nobody", nil), ("operator", "URI:operator"), ("mail", "email:clinic@city.example"),
            ("both", "URI:urn:city:clinic,URI:urn:city:other"),
        ] as [(String, String?)] {
            let other = try await world.clients.pair(name, subject: "/CN=\(name)", names: names)
            #expect(try await world.ask("/sign-in", other)?.status == 401, "\(name)")
        }
        #expect(await world.hub.stop() == .exited(0))
    }

    @Test func `a certificate of another authority, or an old one, ends the connection`()
        async throws
    {
        let world = try await World()
        let other = try await CertificateMaker("others", world.folder)
        let forged = try await other.pair(
            "forged",
            subject: "/CN=clinic",
            names: "URI:urn:city:clinic"
        )
        // The names of an authority are no signature of it.
        let namesake = try await CertificateMaker("clients", TestFolder())
        let fake = try await namesake.pair(
            "fake",
            subject: "/CN=clinic",
            names: "URI:urn:city:clinic"
        )
        let ended = try await world.clients.pair(
            "ended",
            subject: "/CN=clinic",
            names: "URI:urn:city:clinic",
            days: -1
        )
        // The hub's own certificate is for no client.
        let ofHub = try await World.ofHub(world.servers, "of-hub")
        for wrong in [forged, fake, ended, ofHub] {
            #expect(try await world.ask("/sign-in", wrong) == nil)
        }
        #expect(try await world.ask()?.status == 200)
        #expect(await world.hub.stop() == .exited(0))
    }

    @Test func `a token goes before a certificate, and foreign pages do not use one`() async throws
    {
        let world = try await World()
        let clinic = try await world.clinic()
        let token = try ChildProcess(
            ["token", "issue", "--party", "urn:city:bus", "--data", world.folder.data],
            log: world.folder.path + "/token.log"
        ).readRest().trimmingCharacters(in: .newlines)
        #expect(try await world.write(1, clinic, ["Authorization: Bearer \(token)"]) == 403)
        #expect(try await world.write(1, clinic, ["Authorization: Bearer wrong"]) == 401)
        for field in ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"] {
            #expect(try await world.write(1, clinic, [field]) == 403)
        }
        #expect(try await world.write(1, clinic, ["Origin: \(world.hub.url)"]) == 201)
        #expect(await world.hub.stop() == .exited(0))
    }

    @Test
    func `another certificate is shown when the files have changed, and none that does not fit`()
        async throws
    {
        let world = try await World()
        let others = try await CertificateMaker("new-servers", world.folder)
        let next = try await World.ofHub(others, "next")
        // Without its key it is not used, and what was there goes on to be.
        try World.put(next.certificate, at: world.own.certificate)
        #expect(try await world.becomes { world.hub.process.errors.contains("TLS stays") })
        #expect(try await world.ask()?.status == 200)
        try World.put(next.key, at: world.own.key)
        #expect(try await world.becomes { try await world.ask(trusting: others)?.status == 200 })
        #expect(try await world.ask() == nil)
        #expect(await world.hub.stop() == .exited(0))
    }

    @Test func `an authority that is taken away counts no more, also on open connections`()
        async throws
    {
        let world = try await World()
        let clinic = try await world.clinic()
        let others = try await CertificateMaker("other-clients", world.folder)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(world.servers.authority.certificate)
        tls.certificateChain = try NIOSSLCertificate.fromPEMFile(clinic.certificate)
            .map { .certificate($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: clinic.key, format: .pem))
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        // All requests are to use one connection.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(configuration: configuration)
        func status() async throws -> Int {
            let request = HTTPClientRequest(url: world.hub.url + "/sign-in")
            let answer = try await client.execute(request, timeout: .seconds(20))
            _ = try await answer.body.collect(upTo: 1 << 20)
            return Int(answer.status.code)
        }
        do {
            #expect(try await status() == 200)
            try World.put(others.authority.certificate, at: world.authorities)
            // A request on the open connection is refused, and the connection closed; a new one is none.
            #expect(try await world.becomes { (try? await status()) != 200 })
            await #expect(throws: (any Error).self) { try await status() }
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        #expect(try await world.ask("/sign-in", clinic) == nil)
        let new = try await others.pair("new", subject: "/CN=c", names: "URI:urn:city:clinic")
        #expect(try await world.isKnown(as: "urn:city:clinic", new))
        #expect(await world.hub.stop() == .exited(0))
    }
}
