import ContextModel
import Synchronization

/// How a subscription's notifications went, up to this moment; the store gets to know a little
/// later.
package final class DeliveryTally: Sendable {
    private let state: Mutex<DeliveryCounts>

    init(_ counts: DeliveryCounts) { state = Mutex(counts) }

    package var counts: DeliveryCounts { state.withLock { $0 } }

    func count(_ result: DeliveryResult, isRetry: Bool = false, at now: Timestamp) {
        state.withLock { $0.count(result, isRetry: isRetry, at: now) }
    }
}
