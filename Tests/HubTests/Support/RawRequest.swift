import NIOHTTP1
import Processes
import Testing

extension RealHub {
    /// Sends the bytes and returns all bytes received until the hub closes the connection; nil if
    /// it does not close it.
    func exchange(_ bytes: [UInt8], finishes: Bool = false) async -> String? {
        await Wire.exchange(bytes, withPort: port, finishes: finishes)
    }

    /// Sends one request exactly as given, valid or not, and returns the answer.
    func request(
        _ method: HTTPMethod,
        _ target: String,
        contentType: String? = nil,
        body: [UInt8]? = nil
    ) async throws -> HubAnswer {
        var head = "\(method.rawValue) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        head += "Connection: close\r\n"
        if let contentType { head += "Content-Type: \(contentType)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        let text = try #require(
            await exchange(Array("\(head)\r\n".utf8) + (body ?? [])),
            "\(method) \(target.prefix(200)) is not answered"
        )
        let answer = try #require(
            text.wholeMatch(
                of: /HTTP\/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n(.*)/.dotMatchesNewlines()
            ),
            "\(method) \(target.prefix(200)) is answered '\(text)': \(process.errors.suffix(2_000))"
        ).output
        return HubAnswer(
            status: Int(answer.1) ?? 0,
            headers: [:],
            body: Array(answer.3.utf8)
        )
    }
}
