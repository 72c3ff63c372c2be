import AsyncHTTPClient
package import Broker
import ContextModel
package import Federation
package import Governance
import Glibc
import NIOCore
import NIOHTTP1

/// Asks context sources over HTTP, at addresses that the hub may call (clauses 4.3.6 and 6.3).
package struct HTTPSourceClient: SourceClient {
    private let web: OutboundWeb

    package init(_ web: OutboundWeb) { self.web = web }

    package func answer(
        to request: SourceRequest,
        maximumBytes: Int,
        in memory: AnswerMemory,
        for sharer: Sharer
    ) async throws(SourceProblem) -> SourceAnswer {
        do {
            return try await answer(to: SourceCall(request), maximumBytes, memory, sharer)
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
        _ sharer: Sharer
    ) async throws -> SourceAnswer {
        var request = try await web.request(call.url, for: sharer)
        request.method = HTTPMethod(rawValue: call.method)
        for header in call.headers {
            request.headers.replaceOrAdd(name: header.key, value: header.value)
        }
        if !call.body.isEmpty { request.body = .bytes(call.body) }
        // The hub gives it up sooner; this ends it where its task was not cancelled.
        let deadline =
            NIODeadline.now()
            + .milliseconds(Int64(FederationLimits.maximumTimeoutMilliseconds))
        let response = try await execute(request, asks: call.asks, until: deadline)
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
            body: body
        )
    }

    /// Sends the request; one that only asks is sent once more where the connection was closed.
    ///
    /// A source may close an idle connection at the moment when it is used again (RFC 9110, clause 9.2.2).
    private func execute(
        _ request: HTTPClientRequest,
        asks: Bool,
        until deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        do {
            return try await web.client.execute(request, deadline: deadline)
        } catch let error as HTTPClientError where asks && error == .remoteConnectionClosed {
            return try await web.client.execute(request, deadline: deadline)
        } catch let error as IOError
            where asks && [ECONNRESET, EPIPE].contains(error.errnoCode)
        {
            return try await web.client.execute(request, deadline: deadline)
        }
    }
}
