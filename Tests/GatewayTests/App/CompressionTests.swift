import CZlib
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// Answers for clients that accept gzip.
@Suite struct CompressionTests {
    private static let text = String(repeating: "a bus stop; ", count: 20_000)

    private static func answer(
        accepting coding: String? = "gzip",
        headers: HTTPFields = [:],
        cookie: Bool = false,
        text: String = text,
        by compression: Compression = Compression()
    ) -> Response {
        var head = HTTPRequest(method: .get, scheme: "http", authority: "hub.example", path: "/")
        if let coding { head.headerFields[.acceptEncoding] = coding }
        if cookie { head.headerFields[.cookie] = "session=1" }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        var fields = headers
        if fields[.contentType] == nil { fields[.contentType] = "application/json" }
        let body = ResponseBody(byteBuffer: ByteBuffer(string: text))
        var response = Response(status: .ok, headers: fields, body: body)
        compression.compress(&response, for: request)
        return response
    }

    @Test func `a client that accepts gzip gets fewer bytes that say the same`() async throws {
        let response = Self.answer()
        #expect(response.headers[.contentEncoding] == "gzip")
        #expect(response.headers[.vary] == "Accept-Encoding")
        let bytes = try await Self.bytes(of: response)
        #expect(bytes.count * 20 < Self.text.utf8.count)
        #expect(Self.plain(bytes, atMost: 1 << 20) == Array(Self.text.utf8))
    }

    @Test(arguments: [nil, "", "identity", "gzip;q=0", "br", "*;q=0", "gzip; q=0.0, *"])
    func `no other client does, and whoever keeps answers is told`(coding: String?) {
        let response = Self.answer(accepting: coding)
        #expect(response.headers[.contentEncoding] == nil)
        #expect(response.headers[.vary] == "Accept-Encoding")
    }

    @Test(arguments: ["GZIP", "br, gzip;q=0.5", "*", "deflate,x-gzip ; q=1"])
    func `the header is read as it may be written`(coding: String) {
        #expect(Self.answer(accepting: coding).headers[.contentEncoding] == "gzip")
    }

    @Test func `a session, events, pictures and short answers are sent as they are`() {
        let plain = [
            Self.answer(cookie: true), Self.answer(headers: [.setCookie: "session=1"]),
            Self.answer(headers: [.contentType: "text/event-stream"]),
            Self.answer(headers: [.contentType: "image/png"]), Self.answer(text: "short"),
            Self.answer(headers: [.contentEncoding: "br"]),
        ]
        for response in plain { #expect(response.headers[.contentEncoding] != "gzip") }
    }

    @Test func `a tag of the bytes becomes one of what they say`() {
        #expect(Self.answer(headers: [.eTag: "\"1\""]).headers[.eTag] == "W/\"1\"")
    }

    @Test func `there are places for so many at once, which are free again`() {
        let compression = Compression()
        func isCompressed(_ response: Response) -> Bool {
            response.headers[.contentEncoding] != nil
        }
        var all = (0..<Compression.mostAtOnce).map { _ in Self.answer(by: compression) }
        #expect(all.allSatisfy(isCompressed))
        #expect(!isCompressed(Self.answer(by: compression)))
        all.removeLast()
        #expect(isCompressed(Self.answer(by: compression)))
    }

    private static func bytes(of response: Response) async throws -> [UInt8] {
        let collected = Collected()
        try await response.body.write(collected)
        return collected.bytes.withLock(\.self)
    }

    private static func plain(_ bytes: [UInt8], atMost count: Int) -> [UInt8] {
        var (bytes, plain, stream) = (bytes, [UInt8](repeating: 0, count: count), z_stream())
        inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { inflateEnd(&stream) }
        return bytes.withUnsafeMutableBufferPointer { input in
            plain.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                guard inflate(&stream, Z_FINISH) == Z_STREAM_END else { return [] }
                return Array(output.prefix(count - Int(stream.avail_out)))
            }
        }
    }

    private final class Collected: ResponseBodyWriter {
        let bytes = Mutex<[UInt8]>([])

        func write(_ buffer: ByteBuffer) async throws {
            bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
        }

        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
