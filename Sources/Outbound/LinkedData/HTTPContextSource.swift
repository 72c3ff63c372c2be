import AsyncHTTPClient
package import Broker
package import ContextModel
package import Governance
import NIOCore
import NIOHTTP1

/// Gets `@context` documents from the local folder, or else from the web, within limits and only
/// from addresses that the hub may call.
package struct HTTPContextSource: LDContextSource {
    static let maximumBytes = 1 << 20
    static let maximumRedirects = 5
    static let timeout = TimeAmount.seconds(10)
    private static let accept = "application/ld+json, application/json;q=0.9"

    private let web: OutboundWeb
    private let folder: ContextFolder?
    private let fetchesRemote: Bool

    /// With `fetchesRemote: false`, it uses the folder alone.
    package init(_ web: OutboundWeb, folder: ContextFolder? = nil, fetchesRemote: Bool = true) {
        self.web = web
        self.folder = folder
        self.fetchesRemote = fetchesRemote
    }

    package func document(
        at url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> LDContextDocument {
        if let document = try folder?.document(at: url) { return LDContextDocument(document) }
        guard fetchesRemote else {
            throw LDContextError(
                .unavailable,
                "The @context '\(url)' is not in this hub's folder, and the hub fetches none."
            )
        }
        let (bytes, place, freshSeconds) = try await fetch(url, sharer)
        do {
            let limits = JSONLimits(maximumBytes: Self.maximumBytes, maximumDepth: 32)
            return LDContextDocument(
                try JSONReader.read(bytes, limits: limits, repeated: .lastCounts),
                redirectedTo: place == url ? nil : place,
                freshSeconds: freshSeconds
            )
        } catch {
            throw LDContextError(
                .invalid,
                "The document at '\(url)' is not JSON: \(error.description)"
            )
        }
    }

    private typealias Fetched = (bytes: [UInt8], place: String, freshSeconds: Int?)

    private func fetch(_ url: String, _ sharer: Sharer) async throws(LDContextError) -> Fetched {
        do {
            return try await follow(url, sharer)
        } catch let error as LDContextError {
            throw error
        } catch let error as AddressError {
            throw LDContextError(
                .unavailable,
                "The @context '\(url)' is not fetched. \(error.detail)"
            )
        } catch is NIOTooManyBytesError {
            throw LDContextError(
                .unavailable,
                "The document at '\(url)' has more than \(Self.maximumBytes) bytes."
            )
        } catch {
            throw LDContextError(.unavailable, "The @context '\(url)' cannot be fetched now.")
        }
    }

    private func follow(_ url: String, _ sharer: Sharer) async throws -> Fetched {
        let deadline = NIODeadline.now() + Self.timeout
        var next = url
        for _ in 0...Self.maximumRedirects {
            var request = try await web.request(next, for: sharer)
            request.headers.replaceOrAdd(name: "Accept", value: Self.accept)
            let response = try await web.client.execute(request, deadline: deadline)
            switch response.status.code {
            case 200:
                let body = try await response.body.collect(upTo: Self.maximumBytes)
                return (Array(buffer: body), next, Freshness.seconds(response.headers))
            case 301, 302, 303, 307, 308:
                let location = response.headers.first(name: "Location")
                guard let target = location.flatMap({ URIText.resolve($0, against: next) }) else {
                    throw LDContextError(.unavailable, "'\(next)' redirects to nowhere.")
                }
                next = target
            default:
                throw LDContextError(
                    .unavailable,
                    "The @context '\(url)' is not there: its server answered "
                        + "\(response.status.code)."
                )
            }
        }
        throw LDContextError(
            .unavailable,
            "'\(url)' redirects more than \(Self.maximumRedirects) times."
        )
    }
}
