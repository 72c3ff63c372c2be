import Broker
import Governance
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Limits the memory of long bodies or long answers in progress; the limit is shared out among
/// parties, and among addresses without a token.
///
/// A client that sends or receives slowly uses its share for a longer time, and only its own
/// share.
final class BodyMemory: Sendable {
    private let shares: Mutex<PartyShares>
    /// Shorter ones are not counted: there are at most as many as connections.
    static let leastBytes = LongWork.leastBytes

    init(bytes: Int) { shares = Mutex(PartyShares(capacity: bytes)) }

    /// The most bytes of one sharer.
    private func most(for sharer: Sharer) -> Int {
        PartyShares(capacity: shares.withLock(\.capacity)).left(for: sharer)
    }

    /// Reserves this many bytes until the result is released; nil for short ones, which are not
    /// counted.
    ///
    /// Throws `tooManyResults` for more than the limit, and `overloaded` when the limit is reached
    /// at present; with `isOwed` it never throws. Bytes that are in memory several times must be
    /// counted as often.
    func take(
        _ bytes: Int,
        times: Int = 1,
        for sharer: @autoclosure () -> Sharer,
        isOwed: Bool = false
    ) throws(BrokerError) -> Held? {
        guard bytes >= Self.leastBytes else { return nil }
        let (sharer, total) = (sharer(), bytes * times)
        if isOwed {
            shares.withLock { $0.take(sharer, total) }
            return Held(memory: self, sharer: sharer, bytes: total)
        }
        let most = most(for: sharer) / times
        guard bytes <= most else {
            throw BrokerError(
                .tooManyResults,
                "The answer would have \(bytes) bytes, which is more than \(most); ask for fewer "
                    + "entities, or for less of each."
            )
        }
        guard shares.withLock({ $0.takeIfFair(sharer, total) }) else {
            throw BrokerError(
                .overloaded,
                "Too many long bodies and answers of yours are under way; try again in a second."
            )
        }
        return Held(memory: self, sharer: sharer, bytes: total)
    }

    /// Reserved memory, which is freed when this is released.
    final class Held: Sendable {
        private let memory: BodyMemory
        private let sharer: Sharer
        private let bytes: Int

        fileprivate init(memory: BodyMemory, sharer: Sharer, bytes: Int) {
            self.memory = memory
            self.sharer = sharer
            self.bytes = bytes
        }

        deinit { memory.shares.withLock { $0.giveBack(sharer, bytes) } }
    }
}

extension BodyMemory {
    /// The body, written in pieces as the client accepts them, with its memory reserved until
    /// then.
    ///
    /// Written at once, it would be in memory twice, without knowing the client's speed. An answer
    /// about work that `isDone` is never refused, because its client would repeat the request.
    func bounded(
        _ body: ResponseBody,
        for sharer: @autoclosure () -> Sharer,
        on loop: @autoclosure () -> any EventLoop,
        isDone: Bool = false
    ) throws(BrokerError) -> ResponseBody {
        guard let length = body.contentLength,
            let held = try take(length, for: sharer(), isOwed: isDone)
        else { return body }
        let loop = loop()
        return ResponseBody(contentLength: length) { writer in
            try await body.write(PieceWriter(writer: writer, loop: loop))
            withExtendedLifetime(held) {}
        }
    }
}

/// Writes long buffers in pieces: for each connection, at most one piece waits to be sent.
struct PieceWriter: ResponseBodyWriter {
    private static let pieceBytes = 256 * 1_024

    var writer: any ResponseBodyWriter
    let loop: any EventLoop

    mutating func write(_ buffer: ByteBuffer) async throws {
        var rest = buffer
        while let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)),
            piece.readableBytes > 0
        {
            try await writer.write(piece)
            // The write waits when the connection accepts no more, which it knows after its event
            // loop has seen the piece.
            try await loop.submit {}.get()
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await writer.finish(trailingHeaders)
    }
}
