package import Governance
import Synchronization

/// The name of a receiver in the hub's process: a service of the city and the name of its
/// subscription.
package struct ServiceReceiver: Sendable, Hashable {
    package let service: ServiceName
    /// Lower-case letters, digits and hyphens.
    package let name: String

    /// Returns nil for a text that is not a valid name.
    package init?(of service: ServiceName, _ name: String) {
        guard ServiceName(name) != nil else { return nil }
        self.service = service
        self.name = name
    }

    /// The receiver in `notification.endpoint.uri`: `service:lamps/broken`.
    package var uri: String { "\(Party.service(service).text)/\(name)" }

    /// Reads the result of `uri`; nil for any other text.
    init?(uri: String) {
        guard uri.hasPrefix(Party.servicePrefix) else { return nil }
        let parts = uri.dropFirst(Party.servicePrefix.count)
            .split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let service = ServiceName(String(parts[0])) else { return nil }
        self.init(of: service, String(parts[1]))
    }
}

/// The receivers of notifications in this process.
///
/// Notifications for services of the city go through the outbox like all others, and end here. A
/// receiver works on one notification at a time, on the threads of its party's share (`LongWork`),
/// so that long work delays nobody else's. A receiver that does not return within its timeout
/// fails like a server that does not answer, and is cancelled. While it goes on all the same,
/// further notifications to it fail.
package final class ServiceReceivers: NotificationSender {
    /// Handles a notification; throwing an error counts as a failure.
    package typealias Handler = @Sendable (Disclosed<NotificationRequest>) async throws -> Void

    private struct Receiver {
        let handler: Handler
        var isBusy = false
    }
    private let receivers = Mutex<[ServiceReceiver: Receiver]>([:])
    private let longWork: LongWork
    private let clock: HubClock
    /// The most characters of an error that are kept as the reason of a failure.
    private static let maximumReason = 500

    init(_ longWork: LongWork, _ clock: HubClock) {
        self.longWork = longWork
        self.clock = clock
    }

    /// Sets the handler of the receiver, in place of an earlier one.
    package func set(_ handler: @escaping Handler, for receiver: ServiceReceiver) {
        receivers.withLock { $0[receiver] = Receiver(handler: handler) }
    }

    package func send(_ sealed: Disclosed<NotificationRequest>) async -> DeliveryResult {
        let request = sealed.answer
        guard let name = request.service, let (handler, wasBusy) = begin(name) else {
            return .failed("The hub has no such service at present.")
        }
        if wasBusy { return .failed("The service is still handling an earlier notification.") }
        // The first result counts; a handler that ignores its cancellation is not waited for.
        let (results, result) = AsyncStream<DeliveryResult>.makeStream()
        let work = Task {
            result.yield(await self.outcome(of: handler, sealed))
            self.end(name)
        }
        let timer = Task {
            let timeout = Duration.milliseconds(max(1, Int64(request.timeoutMilliseconds)))
            // It is cancelled when the handler was faster: then nobody listens.
            try? await clock.sleep(for: timeout)
            result.yield(.failed("The service did not handle the notification in time."))
        }
        defer {
            work.cancel()
            timer.cancel()
        }
        for await first in results { return first }
        return .failed("The hub stops.")
    }

    private func outcome(
        of handler: @escaping Handler,
        _ sealed: Disclosed<NotificationRequest>
    ) async -> DeliveryResult {
        do {
            return try await longWork.run(for: Sharer(sealed.answer.party)) {
                // It may have waited for a thread.
                guard await sealed.answer.mayStillLeave() else { return .withheld }
                try await handler(sealed)
                return .delivered
            }
        } catch {
            return .failed(String("The service failed: \(error)".prefix(Self.maximumReason)))
        }
    }

    /// Returns the handler and marks it as busy, and whether it was busy before; nil when there is
    /// none.
    private func begin(_ name: ServiceReceiver) -> (Handler, wasBusy: Bool)? {
        receivers.withLock { receivers in
            guard let receiver = receivers[name] else { return nil }
            receivers[name]?.isBusy = true
            return (receiver.handler, receiver.isBusy)
        }
    }

    private func end(_ name: ServiceReceiver) {
        receivers.withLock { $0[name]?.isBusy = false }
    }
}
