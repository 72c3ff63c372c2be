import ContextModel
import Storage
import Synchronization

/// The counts of a subscription's notifications up to this moment; they are stored a little later.
package final class DeliveryTally: Sendable {
    private struct State {
        var counts: DeliveryCounts
        /// The number of the takeover after which it has read the stored counts.
        var takeover = 0
    }
    private let state: Mutex<State>

    init(_ counts: DeliveryCounts) { state = Mutex(State(counts: counts)) }

    package var counts: DeliveryCounts { state.withLock(\.counts) }

    /// Whether it has read the counts of other processes since this one last took over from them
    /// (`TenantCharge.takeovers`).
    func hasReadCounts(from takeover: Int) -> Bool { state.withLock { $0.takeover == takeover } }

    /// Adopts the counts of another process, if they are greater.
    func learn(_ counts: DeliveryCounts, by takeover: Int) {
        state.withLock { state in
            state.takeover = takeover
            if counts.areLater(than: state.counts) { state.counts = counts }
        }
    }

    func count(_ result: DeliveryResult, isRetry: Bool = false, at now: Timestamp) {
        state.withLock { $0.counts.count(result, isRetry: isRetry, at: now) }
    }
}

extension IndexedSubscription {
    /// Reads the counts stored by the process that notified before, and continues from them.
    ///
    /// It reads the subscription's document once after each takeover of the tenant.
    func readCounts(from takeover: Int, in store: any TenantStore) async throws {
        guard !tally.hasReadCounts(from: takeover) else { return }
        let document = try await store.document(record.kind.documentKind, id: record.key)
        // A subscription that was removed has no counts.
        let counts = document.flatMap { SubscriptionRecord($0) }?.delivery ?? DeliveryCounts()
        tally.learn(counts, by: takeover)
    }
}
