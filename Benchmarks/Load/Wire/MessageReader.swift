import Glibc

/// A whole HTTP/1.1 message, valid while it is being looked at.
struct Message {
    /// Of an answer; 0 for a request.
    let status: Int
    let head: UnsafeRawBufferPointer
    let body: UnsafeRawBufferPointer
}

/// Gathers bytes of a connection until a message is whole: enough of HTTP/1.1 for a peer on the
/// same machine that does not pipeline.
struct MessageReader: ~Copyable {
    private static let firstCapacity = 16 * 1024

    private var storage = UnsafeMutableRawBufferPointer.allocate(
        byteCount: firstCapacity,
        alignment: 16
    )
    private var filled = 0
    /// How far the line ends of a head have been looked for.
    private var headEnd: Int?
    private var isChunked = false
    /// The chunks that are there, so that a long answer is not gone through for each part of it.
    private var chunks: [Range<Int>] = []
    private var bodyBytes = 0

    deinit { storage.deallocate() }

    /// Reads what has arrived; false when the other side has closed.
    mutating func receive(from socket: Int32) throws -> Bool {
        if filled == storage.count { grow() }
        guard let base = storage.baseAddress else { return false }
        let count = recv(socket, base + filled, storage.count - filled, Int32(MSG_DONTWAIT))
        if count > 0 { filled += count }
        if count < 0, errno != EAGAIN, errno != EINTR { _ = try count.orThrow("recv") }
        return count != 0
    }

    /// The message, if all of it is there; it stays until `reset`.
    mutating func message() throws -> Message? {
        let bytes = UnsafeRawBufferPointer(rebasing: storage[..<filled])
        if headEnd == nil {
            guard let end = bytes.offset(of: "\r\n\r\n") else { return nil }
            headEnd = end + 4
            readHead(UnsafeRawBufferPointer(rebasing: bytes[..<(end + 2)]))
        }
        guard let headEnd else { return nil }
        if isChunked {
            guard let length = try joinChunks(from: headEnd) else { return nil }
            bodyBytes = length
            isChunked = false
        }
        guard filled >= headEnd + bodyBytes else { return nil }
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<headEnd])
        return Message(
            status: bytes[0] == UInt8(ascii: "H") ? head.number(at: 9) ?? 0 : 0,
            head: head,
            body: UnsafeRawBufferPointer(rebasing: bytes[headEnd..<(headEnd + bodyBytes)])
        )
    }

    mutating func reset() {
        filled = 0
        headEnd = nil
        bodyBytes = 0
        isChunked = false
        chunks = []
    }

    private mutating func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: storage.count * 2,
            alignment: 16
        )
        larger.copyMemory(from: UnsafeRawBufferPointer(storage))
        storage.deallocate()
        storage = larger
    }

    private mutating func readHead(_ head: UnsafeRawBufferPointer) {
        var start = 0
        while let end = head.offset(of: "\r\n", from: start) {
            let line = UnsafeRawBufferPointer(rebasing: head[start..<end])
            if let value = Self.value(of: "content-length:", in: line) {
                bodyBytes = line.number(at: value) ?? 0
            } else if Self.value(of: "transfer-encoding:", in: line) != nil {
                isChunked = true
            }
            start = end + 2
        }
    }

    /// Where the value begins when the line is that field.
    private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> Int? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, let base = line.baseAddress,
            strncasecmp(
                UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                base.assumingMemoryBound(to: CChar.self),
                length
            ) == 0
        else { return nil }
        return line[length] == 0x20 ? length + 1 : length
    }

    /// Moves the chunks of a whole body together; its length, or nil while some is missing.
    private mutating func joinChunks(from start: Int) throws -> Int? {
        let bytes = UnsafeRawBufferPointer(rebasing: storage[..<filled])
        var position = chunks.last.map { $0.upperBound + 2 } ?? start
        while let lineEnd = bytes.offset(of: "\r\n", from: position) {
            let digits = String(decoding: bytes[position..<lineEnd], as: UTF8.self)
            guard let length = Int(digits, radix: 16) else {
                throw BenchmarkError("a chunk begins with \"\(digits)\"")
            }
            let data = (lineEnd + 2)..<(lineEnd + 2 + length)
            guard filled >= data.upperBound + 2 else { return nil }
            if length == 0 { return move(to: start) }
            chunks.append(data)
            position = data.upperBound + 2
        }
        return nil
    }

    private func move(to start: Int) -> Int {
        guard let base = storage.baseAddress else { return 0 }
        var target = start
        for chunk in chunks {
            memmove(base + target, base + chunk.lowerBound, chunk.count)
            target += chunk.count
        }
        return target - start
    }
}
