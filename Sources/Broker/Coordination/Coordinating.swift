import ContextModel
package import Governance
import HubNetwork
import Logging
import Storage
import Synchronization

/// The part of a hub by which cities tell each other of incidents: reports in STIX, who says them, and what they have
/// suspended here.
///
/// Each operation is a method in a file of its own. They are not part of the standard.
package final class Coordinating: Sendable {
    let governing: Governing
    let access: Access
    package let networking: Networking
    let clock: HubClock
    let logger: Logger
    private let following: DocumentFollower
    private let isShared: Bool
    private let known = Mutex(ReportShelf())
    private let kept = Mutex(ReportRules())
    /// When the newest report came, in microseconds: each comes later than those before.
    private let lastAdded = Mutex<Int64>(0)

    init(_ governing: Governing) {
        self.governing = governing
        access = governing.access
        networking = governing.networking
        clock = governing.clock
        logger = governing.reading.logger
        following = DocumentFollower(access.store, [.report, .reportRules])
        isShared = access.store.isShared
    }

    // MARK: Rights

    /// The rules in force.
    ///
    /// Throws the store's errors.
    package func rules() async throws -> ReportRules {
        try await requireCurrent()
        return kept.withLock { $0 }
    }

    /// Which of the two the caller may; throws where it may neither read nor write reports.
    package func rights(
        of caller: Caller
    ) async throws -> (mayRead: Bool, mayWrite: Bool) {
        guard caller.tenant == nil else {
            throw BrokerError(
                .badRequestData,
                "Reports are of the whole hub: leave NGSILD-Tenant out."
            )
        }
        if access.policy.permitsAdministration(caller) { return (true, true) }
        let rules = try await rules()
        let rights = (mayRead: rules.mayRead(caller), mayWrite: rules.mayWrite(caller))
        guard rights.mayRead || rights.mayWrite else {
            throw BrokerError(caller.party == .anonymous ? DenyReason.unauthenticated : .forbidden)
        }
        return rights
    }

    func requireReading(_ caller: Caller) async throws {
        guard try await rights(of: caller).mayRead else { throw BrokerError(DenyReason.forbidden) }
    }

    /// Throws for a caller that may not write reports, so that the body need not be read.
    package func requireWriting(_ caller: Caller) async throws {
        guard try await rights(of: caller).mayWrite else { throw BrokerError(DenyReason.forbidden) }
    }

    // MARK: What is known

    /// All reports.
    func shelf() async throws -> ReportShelf {
        try await requireCurrent()
        return known.withLock { $0 }
    }

    private func requireCurrent() async throws {
        if isShared || !following.isUpToDate(with: nil) { try await catchUp() }
    }

    func catchUp(own: OwnChanges? = nil) async throws {
        try await following.catchUp(with: nil, own: own) { [self] news in
            switch news {
            case .all(let documents):
                let reports = documents.filter { $0.kind == .report }.compactMap(read)
                known.withLock { $0 = ReportShelf(reports) }
                let rules = documents.first { $0.kind == .reportRules }
                kept.withLock { $0 = rules.flatMap { ReportRules($0) } ?? ReportRules() }
            case .changes(let changes):
                for change in changes { take(change) }
            }
            let newest = known.withLock { $0.reports.last?.added.microseconds ?? 0 }
            lastAdded.withLock { $0 = max($0, newest) }
        }
    }

    private func take(_ change: ChangeFeedPage.Change) {
        if change.kind == .reportRules {
            let rules = change.document.flatMap { ReportRules($0) }
            return kept.withLock { $0 = rules ?? ReportRules() }
        }
        guard let new = change.document.flatMap(read) else {
            return known.withLock { $0.remove(change.id) }
        }
        known.withLock { $0.put(new) }
    }

    /// Nil, with a message in the log, when it is damaged; then it does not count.
    private func read(_ document: Document) -> KeptReport? {
        let kept = KeptReport(document)
        if kept == nil { logger.error("The report '\(document.id)' is damaged.") }
        return kept
    }

    /// A moment for what comes now, later than that of anything that came before.
    func nextAdded(at now: Timestamp) -> Timestamp {
        lastAdded.withLock { last in
            last = max(last + 1, now.microseconds)
            return Timestamp(microseconds: last)
        }
    }
}
