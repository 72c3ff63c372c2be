import CZlib
import NIOCore

/// Compresses bytes to one gzip member (RFC 1952), piece by piece.
///
/// It takes some 260 KB until it is released. `@unchecked Sendable`: one thread at a time uses it.
final class GzipStream: @unchecked Sendable {
    /// zlib keeps this address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    /// Little time for each byte: a hub answers many.
    private static let level: Int32 = 2
    /// The largest window, and 16 more for the head and the end of gzip.
    private static let windowBits: Int32 = 15 + 16
    private static let outputBytes = 16 * 1_024

    /// Returns nil when there is no memory for it.
    init?() {
        stream.initialize(to: z_stream())
        let code = deflateInit2_(
            stream,
            Self.level,
            Z_DEFLATED,
            Self.windowBits,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// What is there of the compressed bytes after these; with `ends`, all the rest.
    func compress(_ input: ByteBufferView, ends: Bool = false) -> ByteBuffer {
        var output = ByteBuffer()
        input.withUnsafeBytes { bytes in
            let start = bytes.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
            stream.pointee.avail_in = UInt32(bytes.count)
            repeat {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.outputBytes) { room in
                    stream.pointee.next_out = room.bindMemory(to: UInt8.self).baseAddress
                    stream.pointee.avail_out = UInt32(room.count)
                    deflate(stream, ends ? Z_FINISH : Z_NO_FLUSH)
                    return room.count - Int(stream.pointee.avail_out)
                }
                // A room that was filled may have been too small.
            } while stream.pointee.avail_out == 0
        }
        return output
    }
}
