import Foundation
import Processes
import Testing

/// An authority that makes certificates with `openssl`, in files of a test's folder.
struct CertificateMaker {
    /// A certificate and its key.
    struct Pair {
        var certificate: String
        var key: String
    }

    /// The authority's own certificate.
    let authority: Pair
    private let folder: TestFolder

    /// Throws when there is no `openssl` (`.ci/set-up test` installs it).
    init(_ name: String, _ folder: TestFolder) async throws {
        self.folder = folder
        authority = Self.pair(name, folder)
        try await run(
            ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-out", authority.certificate],
            newKey: authority.key
        )
    }

    /// A certificate with the subject and its other names, which has expired where the days are negative.
    func pair(
        _ name: String,
        subject: String,
        names: String? = nil,
        days: Int = 2
    ) async throws -> Pair {
        let pair = Self.pair(name, folder)
        let request = pair.certificate + ".request"
        let about = names.map { ["-addext", "subjectAltName=\($0)"] } ?? []
        try await run(["req", "-subj", subject, "-out", request] + about, newKey: pair.key)
        try await run([
            "x509", "-req", "-in", request, "-copy_extensions", "copy", "-days", "\(days)",
            "-CA", authority.certificate, "-CAkey", authority.key, "-out", pair.certificate,
        ])
        return pair
    }

    private static func pair(_ name: String, _ folder: TestFolder) -> Pair {
        Pair(certificate: "\(folder.path)/\(name).pem", key: "\(folder.path)/\(name).key")
    }

    private func run(_ arguments: [String], newKey: String? = nil) async throws {
        let key = newKey.map {
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", $0]
        }
        let program = try ChildProcess(
            program: "/usr/bin/openssl",
            arguments + (key ?? []),
            log: folder.path + "/openssl.log"
        )
        try #require(await program.ended() == .exited(0), "\(program.errors)")
    }
}
