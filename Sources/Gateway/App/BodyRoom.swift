import Broker
import Governance
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// The memory that long bodies, or long answers, may take while they are under way, shared out among
/// the parties and, of those without a token, by address.
///
/// Whoever sends or takes its bytes slowly keeps some of it for as long, and of its own share alone.
final class BodyRoom: Sendable {
    private let shares: Mutex<PartyShares>
    /// Shorter ones are not counted: of these there are as many as connections, at most.
    static let leastBytes = LongWork.leastBytes

    init(bytes: Int) { shares = Mutex(PartyShares(capacity: bytes)) }

    /// What one sharer alone may take at most.
    private func most(for sharer: Sharer) -> Int {
        PartyShares(capacity: shares.withLock(\.capacity)).left(for: sharer)
    }

    /// Room for so many bytes until what is returned is let go; nil for the few that are not counted.
    ///
    /// Throws `tooManyResults` for what can never have room, `overloaded` for what has none now; with
    /// `isOwed` the room is taken in any case. What is in memory several times counts as often.
    func take(
        _ bytes: Int,
        times: Int = 1,
        for sharer: @autoclosure () -> Sharer,
        isOwed: Bool = false
    ) throws(BrokerError) -> Held? {
        guard bytes >= Self.leastBytes else { return nil }
        let (sharer, room) = (sharer(), bytes * times)
        if isOwed {
            shares.withLock { $0.take(sharer, room) }
            return Held(room: self, sharer: sharer, bytes: room)
        }
        let most = most(for: sharer) / times
        guard bytes <= most else {
            throw BrokerError(
                .tooManyResults,
                "The answer would have \(bytes) bytes, which is more than \(most); ask for fewer "
                    + "entities, or for less of each."
            )
        }
        guard shares.withLock({ $0.takeIfFair(sharer, room) }) else {
            throw BrokerError(
                .overloaded,
                "Too many long bodies and answers of yours are under way; try again in a second."
            )
        }
        return Held(room: self, sharer: sharer, bytes: room)
    }

    /// Room that is given back when nobody holds it any more.
    final class Held: Sendable {
        private let room: BodyRoom
        private let sharer: Sharer
        private let bytes: Int

        fileprivate init(room: BodyRoom, sharer: Sharer, bytes: Int) {
            self.room = room
            self.sharer = sharer
            self.bytes = bytes
        }

        deinit { room.shares.withLock { $0.giveBack(sharer, bytes) } }
    }
}

extension BodyRoom {
    /// The body, written piece by piece as its reader takes it, and with room held until then.
    ///
    /// One that is written at once lies in memory twice, and its reader's pace tells nobody anything.
    /// What tells of something `isDone` already is never refused: its client would do it once more.
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

/// Writes long buffers piece by piece: of each connection no more than one waits to be sent.
private struct PieceWriter: ResponseBodyWriter {
    private static let pieceBytes = 256 * 1_024

    var writer: any ResponseBodyWriter
    let loop: any EventLoop

    mutating func write(_ buffer: ByteBuffer) async throws {
        var rest = buffer
        while let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)),
            piece.readableBytes > 0
        {
            try await writer.write(piece)
            // A write waits as soon as the connection takes no more; the connection knows that when its
            // loop has seen the piece.
            try await loop.submit {}.get()
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await writer.finish(trailingHeaders)
    }
}
