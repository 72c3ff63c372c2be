import ContextModel
import Governance
import Logging
import Storage

/// Makes the snapshots that were ordered, one after the other, tells their endpoints (clause 5.16.6)
/// and removes what has expired.
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

    /// Works until the task is cancelled.
    package func run() async {
        let signals = snapshotting.snapshots.makeSignals()
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancelled at the end of the program: then there is nothing to wake.
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

    /// How often what has expired is looked for, and a notification that failed is sent again.
    private static let secondsBetweenTurns = 30
    /// Endpoints that are told at once.
    private static let maximumAtOnce = 32
    /// After so many failures nobody is told any more.
    static let maximumNotices = 10

    /// Does whatever there is to do now.
    func turn() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, let order = snapshotting.snapshots.nextOrder() {
                await attempt("A snapshot could not be made") { try await snapshotting.make(order) }
                group.addTask { await tell(order.snapshot.key) }
            }
        }
        await forEach(snapshotting.snapshots.all.map(\.key)) { await tell($0) }
        for snapshot in snapshotting.snapshots.takeUsed() {
            await attempt("A snapshot could not be kept") { try await snapshotting.keep(snapshot) }
        }
        let now = snapshotting.clock()
        await forEach(snapshotting.snapshots.all.filter { $0.expiresAt <= now }) {
            await removeExpired($0)
        }
        await attempt("What has expired could not be removed") { try await removeExpiredMaps() }
    }

    /// Some at once: an endpoint that does not answer delays few others.
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

    // MARK: Telling

    private func tell(_ key: Snapshot.Key) async {
        guard let snapshot = snapshotting.snapshots[key], let failed = snapshot.failedNotices,
            snapshot.status != .preparing
        else { return }
        var isTold = false
        await attempt("A snapshot's maker could not be told") { isTold = try await send(snapshot) }
        if Task.isCancelled, !isTold { return }
        let kept = snapshotting.snapshots.update(snapshot) { current in
            // Changed meanwhile: that is still to be told.
            guard current.modifiedAt == snapshot.modifiedAt else { return }
            let isOver = isTold || failed + 1 >= Self.maximumNotices
            current.failedNotices = isOver ? nil : failed + 1
        }
        if let kept {
            await attempt("A snapshot could not be kept") { try await snapshotting.keep(kept) }
        }
    }

    /// Whether there was nobody to tell, or it took the notification.
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
                "Telling of the snapshot '\(snapshot.key.id)' failed: \(reason)"
            )
        }
        return result == .delivered
    }

    // MARK: Removing

    /// Whoever is told of its snapshot's end sees it by `expiresAt` (clause 5.3.4).
    private func removeExpired(_ snapshot: Snapshot) async {
        if snapshot.needsNotice {
            await attempt("A snapshot's maker could not be told") { _ = try await send(snapshot) }
        }
        await attempt("What has expired could not be removed") {
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
