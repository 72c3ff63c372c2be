import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension OutboundWeb {
    /// Gets a document that the operator named, such as the keys of an identity provider: of at most so many
    /// bytes, within ten seconds and without following redirects.
    ///
    /// The operator may name an address inside the city's network, so that is not asked. Throws
    /// `DocumentError` for an answer that is no document, and what the client throws.
    package func document(at url: String, maximumBytes: Int) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: Self.userAgent)
        request.headers.add(name: "Accept", value: "application/json")
        let deadline = NIODeadline.now() + .seconds(10)
        let response = try await client.execute(request, deadline: deadline)
        guard response.status.code == 200 else {
            throw DocumentError(description: "its server answered \(response.status.code)")
        }
        return Array(buffer: try await response.body.collect(upTo: maximumBytes))
    }
}

extension OutboundWeb {
    /// Sends a form to an address that the operator, or somebody trusted by the operator, named: the status
    /// and the body of the answer, of at most so many bytes, within ten seconds and without following
    /// redirects.
    ///
    /// Throws what the client throws.
    package func answer(
        to content: String,
        at url: String,
        authorization: String?,
        maximumBytes: Int
    ) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: Self.userAgent)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        request.body = .bytes(Array(content.utf8))
        let deadline = NIODeadline.now() + .seconds(10)
        let response = try await client.execute(request, deadline: deadline)
        let body = try await response.body.collect(upTo: maximumBytes)
        return (Int(response.status.code), Array(buffer: body))
    }
}

/// Why a document cannot be had.
package struct DocumentError: Error, Equatable, CustomStringConvertible {
    package let description: String
}
