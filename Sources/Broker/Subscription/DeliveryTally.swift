import ContextModel
import Storage
import Synchronization

/// How a subscription's notifications went, up to this moment; the store gets to know a little
/// later.
package final class DeliveryTally: Sendable {
    private struct State {
        var counts: DeliveryCounts
        /// The number of the takeover by which it goes on counting.
        var takeover = 0
    }
    private let state: Mutex<State>

    init(_ counts: DeliveryCounts) { state = Mutex(State(counts: counts)) }

    package var counts: DeliveryCounts { state.withLock(\.counts) }

    /// Whether it has learned what other processes had counted when this one took over from them for the
    /// last time (`TenantCharge.takeovers`).
    func goesOn(from takeover: Int) -> Bool { state.withLock { $0.takeover == takeover } }

    /// Goes on from what another process has counted, if that is more.
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
    /// Goes on counting from what the process has written down that notified before.
    ///
    /// Reads the subscription's document, once after each takeover of the tenant.
    func goOnCounting(from takeover: Int, in store: any TenantStore) async throws {
        guard !tally.goesOn(from: takeover) else { return }
        let document = try await store.document(record.kind.documentKind, id: record.key)
        // One that is gone has nothing to go on from.
        let counts = document.flatMap { SubscriptionRecord($0) }?.delivery ?? DeliveryCounts()
        tally.learn(counts, by: takeover)
    }
}
