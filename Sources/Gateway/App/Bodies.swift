import Broker
package import ContextModel
package import Hummingbird
package import NIOCore

extension Request {
    /// The length of the body in the request's header.
    var declaredLength: Int? { headers[.contentLength].flatMap { Int($0) } }

    /// Reads the whole body.
    ///
    /// A body longer than `limit` is refused as soon as that is known: by its declared length
    /// before any byte is read, or at the first byte beyond the limit.
    package func bytes(limit: Int) async throws -> ByteBuffer {
        let declared = declaredLength
        if let declared, declared > limit { throw Self.tooLarge(limit) }
        var iterator = body.makeAsyncIterator()
        guard var whole = try await iterator.next() else { return ByteBuffer() }
        while whole.readableBytes <= limit, var part = try await iterator.next() {
            whole.writeBuffer(&part)
        }
        if whole.readableBytes > limit { throw Self.tooLarge(limit) }
        if let declared, whole.readableBytes < declared {
            throw BrokerError(.invalidRequest, "The body ended before its declared length.")
        }
        return whole
    }

    private static func tooLarge(_ limit: Int) -> BrokerError {
        BrokerError(
            .payloadTooLarge,
            "A body may have \(limit) bytes here; send the data in parts."
        )
    }
}

extension ResponseBody {
    /// A JSON text.
    package init(json: JSONValue) {
        self.init(byteBuffer: ByteBuffer(bytes: json.serialized))
    }
}

extension Response {
    /// A JSON answer.
    package static func json(
        _ value: JSONValue,
        status: HTTPResponse.Status = .ok,
        contentType: String = "application/json"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: contentType],
            body: ResponseBody(json: value)
        )
    }
}
