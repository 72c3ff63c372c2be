package import ContextModel
import Foundation
import NIOCore
import NIOSSL
import NIOTLS
import SwiftASN1
import Synchronization
import X509

/// What the operator has given for TLS, as PEM.
package struct TLSFiles: Sendable, Hashable {
    /// The hub's certificate, followed by those of the authorities between it and a root.
    package var certificate: [UInt8]
    package var key: [UInt8]
    /// The authorities whose certificates identify clients; nil when none do.
    package var clientAuthorities: [UInt8]?

    package init(certificate: [UInt8], key: [UInt8], clientAuthorities: [UInt8]? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }
}

/// Why files cannot be used for TLS.
package struct TLSError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// How a hub shows who it is, and whose certificates it takes from clients; replaced while it runs.
///
/// New connections use what is present when they begin.
package final class ServerTLS: Sendable {
    private struct State {
        var files: TLSFiles
        var context: NIOSSLContext
        /// Counts how often the authorities of clients were others.
        var generation = 0
    }
    private let state: Mutex<State>

    /// Throws `TLSError` for files that cannot be used, or a key that is another certificate's.
    package init(_ files: TLSFiles) throws(TLSError) {
        state = Mutex(State(files: files, context: try Self.context(files)))
    }

    /// Uses these files from now on; throws `TLSError`, and changes nothing, where they cannot be used.
    package func replace(with files: TLSFiles) throws(TLSError) {
        let context = try Self.context(files)
        state.withLock { state in
            if state.files.clientAuthorities != files.clientAuthorities { state.generation += 1 }
            state.files = files
            state.context = context
        }
    }

    /// Whether the authorities of clients are still those that had to know the certificate.
    func isCurrent(_ certificate: PeerCertificate) -> Bool {
        state.withLock { $0.generation == certificate.generation }
    }

    /// Adds the handlers of a connection that has just begun.
    func add(to channel: any Channel) throws {
        let (context, generation) = state.withLock { ($0.context, $0.generation) }
        let tls = NIOSSLServerHandler(context: context)
        try channel.pipeline.syncOperations.addHandlers([
            tls, PeerCertificateHandler(generation: generation, of: tls, on: channel.eventLoop),
        ])
    }

    private static func context(_ files: TLSFiles) throws(TLSError) -> NIOSSLContext {
        let chain = try certificates(files.certificate, "The certificate")
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(bytes: files.key, format: .pem) } catch {
            throw TLSError(description: "The key is no private key in PEM.")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if let bytes = files.clientAuthorities {
            let authorities = try certificates(bytes, "The authorities of clients")
            configuration.trustRoots = .certificates(authorities)
            // Who shows no certificate is anonymous, or has a token; a wrong one ends the connection.
            configuration.certificateVerification = .optionalVerification
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw TLSError(description: "The key is not that of the certificate: \(error)")
        }
    }

    private static func certificates(
        _ bytes: [UInt8],
        _ name: String
    ) throws(TLSError) -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do { found = try NIOSSLCertificate.fromPEMBytes(bytes) } catch {
            throw TLSError(description: "\(name) cannot be read: it is no certificate in PEM.")
        }
        guard !found.isEmpty else { throw TLSError(description: "\(name): there is none.") }
        return found
    }
}

/// The certificate of a client, which one of the authorities has signed.
package struct PeerCertificate: Sendable, Hashable {
    /// The name of its subject as RFC 2253 writes it, such as `CN=clinic,O=City`.
    package var subject: String
    /// The URIs among its subject's other names.
    package var uris: [String]
    /// The moments from which and up to which it holds.
    package var validity: ClosedRange<Timestamp>
    /// Which authorities were asked.
    var generation: Int

    package init(
        subject: String,
        uris: [String],
        validity: ClosedRange<Timestamp>,
        generation: Int = 0
    ) {
        self.subject = subject
        self.uris = uris
        self.validity = validity
        self.generation = generation
    }

    /// Reads a certificate (RFC 5280); throws for what is none.
    fileprivate init(der: [UInt8], generation: Int) throws {
        let certificate = try Certificate(derEncoded: der)
        var uris: [String] = []
        if let names = try certificate.extensions.subjectAlternativeNames {
            for case .uniformResourceIdentifier(let uri) in names { uris.append(uri) }
        }
        let from = Timestamp(seconds: certificate.notValidBefore.timeIntervalSince1970)
        let until = Timestamp(seconds: certificate.notValidAfter.timeIntervalSince1970)
        self.init(
            subject: certificate.subject.description,
            uris: uris,
            validity: from...max(from, until),
            generation: generation
        )
    }
}

extension Timestamp {
    fileprivate init(seconds: Double) { self.init(microseconds: Int64(seconds * 1_000_000)) }
}

/// Keeps the certificate that the client of a connection has shown.
final class PeerCertificateHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = NIOAny

    private let known = Mutex<PeerCertificate?>(nil)
    private let generation: Int
    /// Used on the event loop of the connection alone.
    private let tls: NIOLoopBound<NIOSSLServerHandler>

    init(generation: Int, of tls: NIOSSLServerHandler, on loop: any EventLoop) {
        self.generation = generation
        self.tls = NIOLoopBound(tls, eventLoop: loop)
    }

    /// nil for a client that showed none.
    var certificate: PeerCertificate? { known.withLock { $0 } }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent,
            let peer = tls.value.peerCertificate
        {
            do {
                let der = try peer.toDERBytes()
                let certificate = try PeerCertificate(der: der, generation: generation)
                known.withLock { $0 = certificate }
            } catch {
                // Nobody is taken for anonymous whose certificate cannot be read.
                context.fireErrorCaught(error)
                return context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }
}
