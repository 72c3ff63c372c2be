import AsyncHTTPClient
package import Broker
import NIOCore
import NIOHTTP1

/// Sends notifications by HTTP POST (clause 6.3.9).
package struct HTTPNotificationSender: NotificationSender {
    private let web: OutboundWeb

    package init(_ web: OutboundWeb) { self.web = web }

    package func send(_ notification: NotificationRequest) async -> DeliveryResult {
        do {
            var request = try await web.request(notification.url)
            request.method = .POST
            for header in notification.headers {
                request.headers.replaceOrAdd(name: header.key, value: header.value)
            }
            request.body = .bytes(notification.body)
            let timeout = TimeAmount.milliseconds(
                max(1, Int64(notification.timeoutMilliseconds))
            )
            let response = try await web.client.execute(request, timeout: timeout)
            // What the receiver says beside its status is not read.
            return (200..<300).contains(response.status.code)
                ? .delivered : .failed("The receiver answered \(response.status.code).")
        } catch let error as AddressError {
            return .failed(error.detail)
        } catch let error as HTTPClientError {
            return .failed(Self.reason(error))
        } catch {
            return .failed("The receiver is not reached.")
        }
    }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout, .connectTimeout:
            "The receiver did not answer in time."
        case .remoteConnectionClosed: "The receiver closed the connection."
        default: "The receiver is not reached (\(error.shortDescription))."
        }
    }
}
