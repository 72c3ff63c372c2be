import Foundation
import NIOCore
import NIOPosix
import Processes
import Testing

/// A certificate authority for a test, and a certificate of it.
struct Certificates {
    let authority: String
    let certificate: String
    let key: String

    /// Throws when there is no `openssl` (`.ci/set-up test` installs it).
    init(_ folder: TestFolder, for name: String) async throws {
        authority = folder.path + "/authority.pem"
        certificate = folder.path + "/broker.pem"
        key = folder.path + "/broker.key"
        let authorityKey = folder.path + "/authority.key"
        try await Self.make(folder, "/CN=authority", certificate: authority, key: authorityKey, [])
        let signing = ["-CA", authority, "-CAkey", authorityKey]
        let about = [
            "-addext", "subjectAltName=DNS:\(name)", "-addext", "basicConstraints=CA:FALSE",
        ]
        try await Self.make(
            folder,
            "/CN=\(name)",
            certificate: certificate,
            key: key,
            signing + about
        )
    }

    /// Makes a certificate of the authority by which a client is known, as `NAME.pem` with `NAME.key`.
    func makeClient(_ name: String, in folder: TestFolder) async throws {
        let path = folder.path + "/" + name
        try await Self.make(
            folder,
            "/CN=\(name)",
            certificate: path + ".pem",
            key: path + ".key",
            [
                "-CA", authority, "-CAkey", folder.path + "/authority.key", "-addext",
                "basicConstraints=CA:FALSE",
            ]
        )
    }

    private static func make(
        _ folder: TestFolder,
        _ subject: String,
        certificate: String,
        key: String,
        _ more: [String]
    ) async throws {
        let openSSL = try ChildProcess(
            program: "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", subject, "-keyout", key, "-out", certificate,
            ] + more,
            log: folder.log
        )
        try #require(await openSSL.ended() == .exited(0), "\(openSSL.errors)")
    }

    /// The settings of a hub that trusts the authority.
    var trusted: [String: String] { ["SSL_CERT_FILE": authority] }
}

/// A real MQTT broker that only speaks TLS, on a free port.
struct SecureBroker {
    let port: Int
    private let process: ChildProcess

    /// Returns when it accepts connections; throws when there is no `mosquitto` (`.ci/set-up test`
    /// installs it).
    ///
    /// With `knowsClients`, it accepts those alone that have a certificate of the authority.
    init(
        _ folder: TestFolder,
        _ certificates: Certificates,
        knowsClients: Bool = false
    ) async throws {
        // Another program may use the free port before the broker does.
        for _ in 0..<10 {
            let port = try await Self.freePort()
            let process = try Self.start(on: port, folder, certificates, knowsClients)
            if await process.line(with: "running") != nil {
                (self.port, self.process) = (port, process)
                return
            }
        }
        throw BrokerDoesNotStart()
    }

    private struct BrokerDoesNotStart: Error {}

    private static func start(
        on port: Int,
        _ folder: TestFolder,
        _ certificates: Certificates,
        _ knowsClients: Bool
    ) throws -> ChildProcess {
        let file = folder.path + "/mosquitto-\(port).conf"
        var lines = [
            "listener \(port) 127.0.0.1", "user root", "allow_anonymous true", "log_dest stderr",
            "log_type all", "certfile \(certificates.certificate)", "keyfile \(certificates.key)",
        ]
        if knowsClients {
            lines += ["cafile \(certificates.authority)", "require_certificate true"]
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: file))
        // It buffers its standard output for a while.
        return try ChildProcess(
            program: "/bin/sh",
            ["-c", "exec /usr/sbin/mosquitto -c \"$0\" 2>&1", file],
            log: folder.log
        )
    }

    /// Waits until something is published to the topic.
    func receives(_ topic: String) async -> Bool {
        await process.line(with: "Received PUBLISH", "'\(topic)'") != nil
    }

    /// Ends the broker; returns whether its output had the word.
    func ends(having word: String) async -> Bool {
        process.send(SIGKILL)
        return await process.line(with: word) != nil
    }

    private static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        try await channel.close()
        return port
    }
}
