import AsyncHTTPClient
package import Broker
import ContextModel
import Governance
import NIOCore
import NIOHTTP1

/// Sends notifications by HTTP POST (clause 6.3.9).
package struct HTTPNotificationSender: NotificationSender {
    private let web: OutboundWeb

    package init(_ web: OutboundWeb) { self.web = web }

    package func send(_ sealed: Disclosed<NotificationRequest>) async -> DeliveryResult {
        let notification = sealed.answer
        do {
            let target = try await web.guardian.target(
                of: notification.url,
                for: Sharer(notification.party)
            )
            let timeout = TimeAmount.milliseconds(
                max(1, Int64(notification.timeoutMilliseconds))
            )
            let status: HTTPResponseStatus
            if let url = WebURL(target.url), url.scheme == "http" {
                status = try await post(notification, target, url, timeout)
            } else {
                status = try await sendSecurely(notification, timeout)
            }
            // The receiver's body is not read.
            return (200..<300).contains(status.code)
                ? .delivered : .failed("The receiver answered \(status.code).")
        } catch is Withheld {
            return .withheld
        } catch PostClient.Failure.withheld {
            return .withheld
        } catch let error as AddressError {
            return .failed(error.detail)
        } catch let error as HTTPClientError {
            return .failed(Self.reason(error))
        } catch let error as PostClient.Failure {
            return .failed(Self.reason(error))
        } catch {
            return .failed("The receiver cannot be reached.")
        }
    }

    private func post(
        _ notification: NotificationRequest,
        _ target: AddressGuard.Target,
        _ url: WebURL,
        _ timeout: TimeAmount
    ) async throws -> HTTPResponseStatus {
        let own = notification.headers
        var headers = HTTPHeaders()
        headers.reserveCapacity(own.count + 3)
        headers.add(
            name: "Host",
            value: target.host ?? "\(url.host)\(url.port.map { ":\($0)" } ?? "")"
        )
        headers.add(name: "User-Agent", value: OutboundWeb.userAgent)
        headers.add(name: "Content-Length", value: String(notification.body.count))
        for header in own {
            headers.replaceOrAdd(name: header.key, value: header.value)
        }
        return try await web.posts.post(
            HTTPRequestHead(version: .http1_1, method: .POST, uri: url.rest, headers: headers),
            ByteBuffer(bytes: notification.body),
            to: PostClient.Origin(host: url.bareHost, port: url.port ?? 80),
            timeout: timeout,
            mayLeave: notification.mayStillLeave
        )
    }

    /// The receiver gets the head of a request that is then withheld: it tells of no data.
    private func sendSecurely(
        _ notification: NotificationRequest,
        _ timeout: TimeAmount
    ) async throws -> HTTPResponseStatus {
        var request = try await web.request(notification.url, for: Sharer(notification.party))
        request.method = .POST
        for header in notification.headers {
            request.headers.replaceOrAdd(name: header.key, value: header.value)
        }
        request.body = .stream(
            LateBody(bytes: notification.body, mayLeave: notification.mayStillLeave),
            length: .known(Int64(notification.body.count))
        )
        return try await web.client.execute(request, timeout: timeout).status
    }

    private static func reason(_ failure: PostClient.Failure) -> String {
        switch failure {
        case .late: "The receiver did not answer in time."
        case .lost: "The receiver closed the connection."
        case .notConnected, .withheld: "The receiver cannot be reached."
        }
    }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout, .connectTimeout:
            "The receiver did not answer in time."
        case .remoteConnectionClosed: "The receiver closed the connection."
        default: "The receiver cannot be reached (\(error.shortDescription))."
        }
    }
}

/// Thrown in place of a body that may not leave any more.
private struct Withheld: Error {}

/// A body that the client asks for when its connection is ready, and that is decided about only then.
private struct LateBody: AsyncSequence, Sendable {
    let bytes: [UInt8]
    let mayLeave: @Sendable () async -> Bool

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: LateBody?

        mutating func next() async throws -> ByteBuffer? {
            guard let body else { return nil }
            self.body = nil
            guard await body.mayLeave() else { throw Withheld() }
            return ByteBuffer(bytes: body.bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
