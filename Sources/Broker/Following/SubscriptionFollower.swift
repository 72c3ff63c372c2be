import ContextModel
import Storage
import Synchronization

/// What this process has to know to follow the changes of subscriptions.
final class SubscriptionFollower: Sendable {
    typealias Key = SubscriptionMatcher.Key

    private struct Prepared {
        var record: SubscriptionRecord
        var subscription: Subscription
    }

    let documents: DocumentFollower
    /// Of each subscription those that requests are about to keep.
    private let prepared = Mutex<[Key: [Prepared]]>([:])
    private let underWay = Mutex<Set<TenantName?>>([])
    private let waiting = Mutex(WaitingSubscriptions())

    /// After each round, `noteBehind` gets the tenant, and true if its feed could not be read or applied.
    init(_ store: any Store, noteBehind: @escaping @Sendable (TenantName?, Bool) -> Void) {
        documents = DocumentFollower(
            store,
            SubscriptionKind.allCases.map(\.documentKind),
            noteBehind: noteBehind
        )
    }

    // MARK: Others' changes

    /// Whether others' changes of the tenant are to be asked for: nobody does yet.
    func begin(_ tenant: TenantName?) -> Bool { underWay.withLock { $0.insert(tenant).inserted } }

    /// Others' changes of the tenant are applied.
    func end(_ tenant: TenantName?) { underWay.withLock { _ = $0.remove(tenant) } }

    // MARK: What is at hand

    /// Notes what a record says that is about to be kept, so that it need not be read once more.
    ///
    /// To be withdrawn when the request is over.
    func prepare(_ subscription: Subscription, _ record: SubscriptionRecord, _ key: Key) {
        let new = Prepared(record: record, subscription: subscription)
        prepared.withLock { $0[key, default: []].append(new) }
    }

    func withdraw(_ record: SubscriptionRecord, _ key: Key) {
        prepared.withLock { prepared in
            guard let index = prepared[key]?.firstIndex(where: { $0.record == record }) else {
                return
            }
            prepared[key]?.remove(at: index)
            if prepared[key]?.isEmpty == true { prepared[key] = nil }
        }
    }

    /// What the record says, if that was noted.
    func prepared(_ record: SubscriptionRecord, _ key: Key) -> Subscription? {
        prepared.withLock { $0[key]?.first { $0.record.reads(as: record) }?.subscription }
    }

    // MARK: What is not

    /// The subscription's `@context` is to be fetched; what changed is not in force until then.
    func wait(for key: Key, from now: Timestamp) { waiting.withLock { $0.add(key, now) } }

    /// The subscription is in force as it is now, or will not notify.
    func stopWaiting(for key: Key) { waiting.withLock { $0.remove(key) } }

    /// Subscriptions whose `@context` is to be fetched now.
    ///
    /// Each must be given back (`giveBack`).
    func takeDue(at now: Timestamp) -> [Key] { waiting.withLock { $0.takeDue(at: now) } }

    /// The subscription was tried: if it waits still, it is tried again after a while.
    func giveBack(_ key: Key, at now: Timestamp) { waiting.withLock { $0.giveBack(key, at: now) } }
}

/// Subscriptions whose `@context` must be fetched before they are in force as they are now.
struct WaitingSubscriptions {
    typealias Key = SubscriptionMatcher.Key

    /// How many `@context`s are fetched at once.
    static let maximumUnderWay = 8
    /// Before the second attempt; each further one waits twice as long.
    static let firstPauseMicroseconds: Int64 = 1_000_000
    static let longestPauseMicroseconds: Int64 = 300_000_000

    private struct Attempt {
        var notBefore: Timestamp
        var failures = 0
        var isUnderWay = false
    }
    private var attempts: [Key: Attempt] = [:]
    private var underWay = 0

    /// Adds one, which may be tried at once: it is another than what was tried before.
    mutating func add(_ key: Key, _ now: Timestamp) {
        let isUnderWay = attempts[key]?.isUnderWay ?? false
        attempts[key] = Attempt(notBefore: now, isUnderWay: isUnderWay)
    }

    /// Removes the attempt; one that is under way no longer counts as such.
    mutating func remove(_ key: Key) {
        if attempts.removeValue(forKey: key)?.isUnderWay == true { underWay -= 1 }
    }

    mutating func takeDue(at now: Timestamp) -> [Key] {
        let due = attempts.filter { !$0.value.isUnderWay && $0.value.notBefore <= now }
        let taken = due.sorted { $0.value.notBefore < $1.value.notBefore }
            .prefix(Self.maximumUnderWay - underWay).map(\.key)
        for key in taken { attempts[key]?.isUnderWay = true }
        underWay += taken.count
        return taken
    }

    mutating func giveBack(_ key: Key, at now: Timestamp) {
        guard var attempt = attempts[key], attempt.isUnderWay else { return }
        underWay -= 1
        let doubled = Self.firstPauseMicroseconds << Int64(min(attempt.failures, 30))
        attempt.failures += 1
        attempt.isUnderWay = false
        attempt.notBefore = now.advanced(by: min(doubled, Self.longestPauseMicroseconds))
        attempts[key] = attempt
    }
}

extension SubscriptionRecord {
    /// Whether the same subscription is read from both.
    func reads(as other: SubscriptionRecord) -> Bool {
        body == other.body && context == other.context && queryContext == other.queryContext
    }
}
