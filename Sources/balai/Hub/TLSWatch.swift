import Foundation
import Gateway
import Logging
import ServiceLifecycle
import Synchronization

/// Reads the files for TLS again when they change.
final class TLSWatch: Service {
    let tls: ServerTLS
    private let paths: TLSPaths
    private let logger: Logger
    /// What was read last, whether or not it could be used.
    private let seen: Mutex<TLSFiles>
    /// What was told last of files that cannot be used.
    private let problem = Mutex<String?>(nil)

    /// Throws `StartError` for files that cannot be used.
    init(_ paths: TLSPaths, logger: Logger) throws {
        let files = try paths.files
        do { tls = try ServerTLS(files) } catch { throw StartError(.usage, "tls: \(error)") }
        self.paths = paths
        self.logger = logger
        seen = Mutex(files)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
                self.look()
            }
        }
    }

    /// Takes up files that have changed; while they do not fit together the ones before stay in force.
    func look() {
        do {
            let files = try paths.files
            let isNew = seen.withLock { seen in
                defer { seen = files }
                return seen != files
            }
            guard isNew else { return }
            try tls.replace(with: files)
            problem.withLock { $0 = nil }
            logger.notice("the files for TLS were read again")
        } catch {
            let text = "TLS stays as it was: \(error)"
            let isTold = problem.withLock { problem in
                defer { problem = text }
                return problem == text
            }
            if !isTold { logger.error("\(text)") }
        }
    }

    private static let interval = Duration.seconds(1)
}

extension TLSPaths {
    /// What the files hold; throws `StartError` for one that cannot be read, and a key that everybody can.
    fileprivate var files: TLSFiles {
        get throws {
            TLSFiles(
                certificate: try Self.content(certificate),
                key: try keyContent,
                clientAuthorities: try clientCertificates.map(Self.content)
            )
        }
    }

    private var keyContent: [UInt8] {
        get throws {
            let file = URL(filePath: key).resolvingSymlinksInPath().path
            let attributes = try? FileManager.default.attributesOfItem(atPath: file)
            if let mode = attributes?[.posixPermissions] as? NSNumber, mode.intValue & 0o007 != 0 {
                throw StartError(
                    .permissions,
                    "\(key) can be read by everybody, who could pass for the hub: chmod o= \(key)"
                )
            }
            return try Self.content(key)
        }
    }

    private static func content(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw StartError(.usage, "\(path) cannot be read.")
        }
        return Array(data)
    }
}
