import AsyncHTTPClient
package import Broker
import ContextModel
package import Federation
package import Governance
import Glibc
import NIOCore
import NIOHTTP1
package import HubNetwork

/// Asks context sources over HTTP, at addresses that the hub may call (clauses 4.3.6 and 6.3).
package struct HTTPSourceClient: SourceClient {
    private let web: OutboundWeb

    package init(_ web: OutboundWeb) { self.web = web }

    package func answer(
        to request: SourceRequest,
        maximumBytes: Int,
        in memory: AnswerMemory,
        for sharer: Sharer,
        signedBy signer: RequestSigner?
    ) async throws(SourceProblem) -> SourceAnswer {
        do {
            return try await answer(to: SourceCall(request), maximumBytes, memory, sharer, signer)
        } catch let problem as SourceProblem {
            throw problem
        } catch is AddressError {
            throw .addressRefused
        } catch is LDContextError {
            // Its Link header cannot be read.
            throw .garbage
        } catch {
            throw .unreachable
        }
    }

    private func answer(
        to call: SourceCall,
        _ maximumBytes: Int,
        _ memory: AnswerMemory,
        _ sharer: Sharer,
        _ signer: RequestSigner?
    ) async throws -> SourceAnswer {
        var request = try await web.request(call.url, for: sharer)
        request.method = HTTPMethod(rawValue: call.method)
        for header in call.headers {
            request.headers.replaceOrAdd(name: header.key, value: header.value)
        }
        if !call.body.isEmpty { request.body = .bytes(call.body) }
        try sign(&request, call, signer)
        // The hub gives it up sooner; this ends it where its task was not cancelled.
        let deadline =
            NIODeadline.now()
            + .milliseconds(Int64(FederationLimits.maximumTimeoutMilliseconds))
        let response = try await execute(request, until: deadline) { request in
            guard call.asks else { return false }
            try sign(&request, call, signer)
            return true
        }
        var body: [UInt8] = []
        for try await part in response.body {
            guard body.count + part.readableBytes <= maximumBytes else {
                throw SourceProblem.tooMuch
            }
            guard memory.take(part.readableBytes) else { throw SourceProblem.busy }
            body += part.readableBytesView
        }
        let type = response.headers.first(name: "Content-Type") ?? ""
        return SourceAnswer(
            status: Int(response.status.code),
            contextURL: try LinkHeader.context(in: response.headers["Link"]),
            hasInnerContext: type.lowercased().hasPrefix("application/ld+json"),
            hasNextPage: LinkHeader.hasNextPage(in: response.headers["Link"]),
            partEnd: response.headers.first(name: "Content-Range").flatMap(Self.end(ofPart:)),
            isPartial: response.headers.contains(name: "NGSILD-Warning"),
            body: body
        )
    }

    /// The moment at which a part of histories ends: `date-time FROM-TO/COUNT` (clause 6.3.10).
    static func end(ofPart header: String) -> Timestamp? {
        guard header.utf8.count <= 200,
            let range = header.split(separator: " ").last?.split(separator: "/").first
        else { return nil }
        // The moments have hyphens of their own.
        for place in range.indices where range[place] == "-" {
            let end = Timestamp(String(range[range.index(after: place)...]))
            if let end, Timestamp(String(range[..<place])) != nil { return end }
        }
        return nil
    }

    /// What a signature adds to a request.
    private static let signed = [
        "Data-Requester", "Content-Digest", "Signature-Input", "Signature",
    ]

    /// Makes the request the hub's own, anew where it was that before: a signature counts once.
    private func sign(
        _ request: inout HTTPClientRequest,
        _ call: SourceCall,
        _ signer: RequestSigner?
    ) throws {
        guard let signer else { return }
        for name in Self.signed { request.headers.remove(name: name) }
        let fields = try signer.fields(
            method: call.method,
            url: call.url,
            fields: request.headers.map { KeyValuePair(key: $0.name, value: $0.value) },
            body: call.body
        )
        for field in fields {
            request.headers.replaceOrAdd(name: field.key, value: field.value)
        }
    }

    /// Sends the request; where the connection was closed it is sent once more, if `again` makes it ready for that.
    ///
    /// A source may close an idle connection at the moment when it is used again (RFC 9110, clause 9.2.2).
    private func execute(
        _ request: HTTPClientRequest,
        until deadline: NIODeadline,
        again: (inout HTTPClientRequest) throws -> Bool
    ) async throws -> HTTPClientResponse {
        do {
            return try await web.execute(request, deadline: deadline)
        } catch {
            guard Self.isClosed(error) else { throw error }
            var request = request
            guard try again(&request) else { throw error }
            return try await web.execute(request, deadline: deadline)
        }
    }

    private static func isClosed(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as IOError: [ECONNRESET, EPIPE].contains(error.errnoCode)
        default: false
        }
    }
}
