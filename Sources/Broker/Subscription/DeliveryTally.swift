import ContextModel
import Synchronization

/// How a subscription's notifications went, up to this moment; the store gets to know a little
/// later.
package final class DeliveryTally: Sendable {
    private let state: Mutex<DeliveryCounts>

    init(_ counts: DeliveryCounts) { state = Mutex(counts) }

    package var counts: DeliveryCounts { state.withLock { $0 } }

    /// Goes on from what another process has counted, if that is more.
    func learn(_ counts: DeliveryCounts) {
        state.withLock { if counts.areLater(than: $0) { $0 = counts } }
    }

    func count(_ result: DeliveryResult, isRetry: Bool = false, at now: Timestamp) {
        state.withLock { $0.count(result, isRetry: isRetry, at: now) }
    }
}
