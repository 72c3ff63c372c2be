import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Compresses public answers for clients that accept gzip (RFC 9110, clause 12.5.3).
///
/// Answers to somebody whom the hub knows are sent as they are: from the length of a compressed answer,
/// whoever can have a text put beside a secret in it finds out the secret (the attack BREACH).
struct Compression: Sendable {
    /// Shorter answers fit into one packet anyway.
    static let leastBytes = 1_024
    /// Bytes that are compressed at once, in some tenths of a millisecond.
    static let pieceBytes = 64 * 1_024
    /// Answers that are compressed at the same time, each with some 260 KB of memory; others are sent as
    /// they are.
    static let mostAtOnce = 256

    private let places = Places()

    /// Compresses the answer to an anonymous request, if it may be.
    ///
    /// What has no end is not compressed, for its listeners wait for each part.
    func compress(_ response: inout Response, for request: Request) {
        if response.status == .notModified, !request.headers.contains(.cookie) {
            response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        }
        guard response.status.kind == .successful, response.headers[.setCookie] == nil,
            response.headers[.contentEncoding] == nil, !request.headers.contains(.cookie),
            response.body.contentLength ?? .max >= Self.leastBytes,
            let type = response.headers[.contentType], Self.isCompressible(type)
        else { return }
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        guard Self.isAccepted(by: request.headers), let place = places.take(),
            let gzip = GzipStream()
        else { return }
        response.headers[.contentEncoding] = "gzip"
        response.headers[.contentLength] = nil
        // The bytes differ from those that a strong tag names (RFC 9110, clause 8.8.3.3).
        if let tag = response.headers[.eTag], !tag.hasPrefix("W/") {
            response.headers[.eTag] = "W/" + tag
        }
        let body = response.body
        response.body = ResponseBody { writer in
            try await body.write(GzipWriter(writer: writer, gzip: gzip))
            withExtendedLifetime(place) {}
        }
    }

    private static let compressibleTypes = [
        "text/", "application/json", "application/ld+json", "application/geo+json",
        "application/schema+json", "application/vnd.oai.openapi+json", "application/xml",
        "application/javascript", "application/vnd.mapbox-vector-tile", "image/svg+xml",
    ]

    private static func isCompressible(_ type: String) -> Bool {
        !type.hasPrefix(EventText.mediaType) && compressibleTypes.contains { type.hasPrefix($0) }
    }

    /// Whether the header names gzip, or any coding, with a weight that is not 0.
    static func isAccepted(by headers: HTTPFields) -> Bool {
        var isAnyAccepted = false
        for field in headers[values: .acceptEncoding] {
            for coding in field.split(separator: ",") {
                let parts = coding.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
                let weights = parts.dropFirst().filter { $0.lowercased().hasPrefix("q=") }
                let isAccepted = weights.allSatisfy { Double($0.dropFirst(2)) ?? 0 > 0 }
                switch parts.first?.lowercased() {
                case "gzip", "x-gzip": return isAccepted
                case "*": isAnyAccepted = isAccepted
                default: continue
                }
            }
        }
        return isAnyAccepted
    }
}

/// Places for answers that are being compressed.
private final class Places: Sendable {
    private let taken = Mutex(0)

    /// A place, which is free again when it is released; nil when all are taken.
    func take() -> Place? {
        let isFree = taken.withLock { taken in
            guard taken < Compression.mostAtOnce else { return false }
            taken += 1
            return true
        }
        return isFree ? Place(of: self) : nil
    }

    final class Place: Sendable {
        private let places: Places

        fileprivate init(of places: Places) { self.places = places }

        deinit { places.taken.withLock { $0 -= 1 } }
    }
}

/// Compresses what is written, and passes it on.
private struct GzipWriter: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    let gzip: GzipStream

    mutating func write(_ buffer: ByteBuffer) async throws {
        var rest = buffer
        while let piece = rest.readSlice(
            length: min(rest.readableBytes, Compression.pieceBytes)
        ), piece.readableBytes > 0 {
            let compressed = gzip.compress(piece.readableBytesView)
            if compressed.readableBytes > 0 { try await writer.write(compressed) }
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await writer.write(gzip.compress(ByteBuffer().readableBytesView, ends: true))
        try await writer.finish(trailingHeaders)
    }
}
