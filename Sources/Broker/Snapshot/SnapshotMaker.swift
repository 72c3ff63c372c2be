import ContextModel
import Governance
import Logging
import Storage

/// Fills the snapshots that were ordered, one after the other, notifies their endpoints (clause
/// 5.16.6) and removes expired ones.
package struct SnapshotMaker: Sendable {
    private let snapshotting: Snapshotting
    private let sender: any NotificationSender
    private let timeoutMilliseconds: Double

    package init(
        _ snapshotting: Snapshotting,
        sender: any NotificationSender,
        timeoutMilliseconds: Double = 5_000
    ) {
        self.snapshotting = snapshotting
        self.sender = sender
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Runs until the task is cancelled.
    package func run() async {
        let signals = snapshotting.snapshots.makeSignals()
        await withDiscardingTaskGroup { group in
            group.addTask {
                // If the program ends meanwhile, there is nothing to wake.
                while (try? await snapshotting.clock.sleep(for: .seconds(Self.secondsBetweenTurns)))
                    != nil
                {
                    snapshotting.snapshots.wake()
                }
            }
            group.addTask {
                snapshotting.snapshots.wake()
                for await _ in signals {
                    if Task.isCancelled { break }
                    await turn()
                }
            }
        }
    }

    /// The pause between two checks for expired snapshots, and before a failed notification is
    /// sent again.
    private static let secondsBetweenTurns = 30
    /// The endpoints that are notified at once.
    private static let maximumAtOnce = 32
    /// The number of failures after which the endpoint is not notified any more.
    static let maximumNotices = 10

    /// Does the work that is due.
    func turn() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, let order = snapshotting.snapshots.nextOrder() {
                await attempt("A snapshot could not be filled") {
                    try await snapshotting.make(order)
                }
                group.addTask { await notify(order.snapshot.key) }
            }
        }
        await forEach(snapshotting.snapshots.all.map(\.key)) { await notify($0) }
        for snapshot in snapshotting.snapshots.takeUsed() {
            await attempt("A snapshot could not be stored") {
                try await snapshotting.keep(snapshot)
            }
        }
        let now = snapshotting.clock()
        await forEach(snapshotting.snapshots.all.filter { $0.expiresAt <= now }) {
            await removeExpired($0)
        }
        await attempt("Expired snapshots could not be removed") { try await removeExpiredMaps() }
    }

    /// Runs some at once, so that an endpoint that does not answer delays few others.
    private func forEach<Element: Sendable>(
        _ elements: [Element],
        _ body: @escaping @Sendable (Element) async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for (number, element) in elements.enumerated() {
                if number >= Self.maximumAtOnce { await group.next() }
                if Task.isCancelled { break }
                group.addTask { await body(element) }
            }
        }
    }

    private func attempt(_ failure: String, _ work: () async throws -> Void) async {
        do { try await work() } catch { snapshotting.logger.error("\(failure): \(error)") }
    }

    // MARK: Notifying

    private func notify(_ key: Snapshot.Key) async {
        guard let snapshot = snapshotting.snapshots[key], let failed = snapshot.failedNotices,
            snapshot.status != .preparing
        else { return }
        var isNotified = false
        await attempt("The endpoint of a snapshot could not be notified") {
            isNotified = try await send(snapshot)
        }
        if Task.isCancelled, !isNotified { return }
        let kept = snapshotting.snapshots.update(snapshot) { current in
            // It was changed meanwhile: that change is still to be notified.
            guard current.modifiedAt == snapshot.modifiedAt else { return }
            let isOver = isNotified || failed + 1 >= Self.maximumNotices
            current.failedNotices = isOver ? nil : failed + 1
        }
        if let kept {
            await attempt("A snapshot could not be stored") { try await snapshotting.keep(kept) }
        }
    }

    /// Sends the notification; returns whether it was accepted, or there was no endpoint.
    private func send(_ snapshot: Snapshot) async throws -> Bool {
        guard let url = snapshot.body["endpoint"]?.stringValue else { return true }
        let id = "urn:ngsi-ld:SnapshotNotification:\(snapshotting.makeIdentifier())"
        let body = snapshot.notification(id: id, at: snapshotting.clock())
        let request = NotificationRequest(
            url: url,
            body: JSONValue.object(body).serialized,
            tenant: snapshot.key.tenant,
            receiverInfo: snapshot.receiverInfo,
            timeoutMilliseconds: timeoutMilliseconds,
            party: snapshot.key.owner
        )
        let session = try await snapshotting.reading.session(snapshot.maker)
        let result = await sender.send(try await session.seal(request))
        if case .failed(let reason) = result {
            snapshotting.logger.info(
                "Notifying the endpoint of the snapshot '\(snapshot.key.id)' failed: \(reason)"
            )
        }
        return result == .delivered
    }

    // MARK: Removing

    /// Removes the snapshot; a last notification shows its end by `expiresAt` (clause 5.3.4).
    private func removeExpired(_ snapshot: Snapshot) async {
        if snapshot.needsNotice {
            await attempt("The endpoint of a snapshot could not be notified") {
                _ = try await send(snapshot)
            }
        }
        await attempt("Expired snapshots could not be removed") {
            try await snapshotting.remove(snapshot)
        }
    }

    private func removeExpiredMaps() async throws {
        let tenants: [TenantName?] = [nil] + (await snapshotting.store.tenantNames)
        for tenant in tenants {
            guard let store = try await snapshotting.store.tenant(tenant) else { continue }
            try await snapshotting.reading.removeExpiredEntityMaps(store)
        }
    }
}
