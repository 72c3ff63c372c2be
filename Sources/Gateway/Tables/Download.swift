import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// An answer of any length, made piece after piece while its client takes it.
protocol DownloadPieces: Sendable {
    /// The number of entities that wait to be read, whose identifiers are in memory.
    var waitingCount: Int { get }

    /// Returns the next piece, which may be empty; nil after the last one.
    mutating func next() async throws -> [UInt8]?
}

extension Exchange {
    /// The answer with these pieces; throws when the first cannot be made.
    ///
    /// A piece is made when the client has taken the one before, so a slow client keeps one piece in memory. If
    /// a later piece fails, the connection is closed before the end of the answer, so that the client notices.
    func answer(
        _ pieces: some DownloadPieces,
        _ type: MediaType,
        headers: HTTPFields = [:]
    ) async throws -> Response {
        let (hub, sharer) = (hub, caller.sharer)
        let (loop, answers, logger) = (context.loop, context.answers, context.logger)
        let bytes = Download.bytesOfPiece + pieces.waitingCount * Download.bytesOfIdentifier
        let held = try answers?.take(bytes, for: sharer)
        let (first, rest) = try await hub.longWork.run(for: sharer) {
            var pieces = pieces
            return (try await pieces.next(), pieces)
        }
        var response = answer(.ok, headers: headers)
        response.headers[.contentType] = type.contentType
        response.body = ResponseBody { writer in
            var (rest, writer) = (rest, PieceWriter(writer: writer, loop: loop))
            if let first { try await writer.write(ByteBuffer(bytes: first)) }
            do {
                while first != nil {
                    let (piece, next) = try await hub.longWork.run(for: sharer) { [rest] in
                        var rest = rest
                        return (try await rest.next(), rest)
                    }
                    guard let piece else { break }
                    rest = next
                    if !piece.isEmpty { try await writer.write(ByteBuffer(bytes: piece)) }
                }
            } catch {
                logger.warning("a download ended early: \(error)")
                throw error
            }
            withExtendedLifetime(held) {}
            try await writer.finish(nil)
        }
        return response
    }
}

private enum Download {
    /// The bytes that a download counts for among the long answers of its client: about those of a
    /// piece as values and as text, and of the identifiers of what is to come.
    static let bytesOfPiece = 4 << 20
    static let bytesOfIdentifier = 96
}

extension MediaType {
    /// The value of Content-Type: a table says that it has a header (RFC 4180 clause 3).
    var contentType: String {
        self == .csv ? "text/csv; charset=utf-8; header=present" : rawValue
    }
}
