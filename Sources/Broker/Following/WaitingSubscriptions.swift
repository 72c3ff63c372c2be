import ContextModel

/// Subscriptions that wait for their `@context` before their present state is in force.
struct WaitingSubscriptions {
    /// The number of `@context`s that are fetched at once.
    static let maximumUnderWay = 8
    /// The pause before the second attempt; it doubles each time.
    static let firstPauseMicroseconds: Int64 = 1_000_000
    static let longestPauseMicroseconds: Int64 = 300_000_000

    private struct Attempt {
        var notBefore: Timestamp
        var failures = 0
        var isUnderWay = false
    }
    private var attempts: [SubscriptionKey: Attempt] = [:]
    private var underWay = 0

    /// Adds a subscription, to be tried at once.
    mutating func add(_ key: SubscriptionKey, _ now: Timestamp) {
        let isUnderWay = attempts[key]?.isUnderWay ?? false
        attempts[key] = Attempt(notBefore: now, isUnderWay: isUnderWay)
    }

    /// Removes the subscription, even while it is being tried.
    mutating func remove(_ key: SubscriptionKey) {
        if attempts.removeValue(forKey: key)?.isUnderWay == true { underWay -= 1 }
    }

    mutating func takeDue(at now: Timestamp) -> [SubscriptionKey] {
        let due = attempts.filter { !$0.value.isUnderWay && $0.value.notBefore <= now }
        let taken = due.sorted { $0.value.notBefore < $1.value.notBefore }
            .prefix(Self.maximumUnderWay - underWay).map(\.key)
        for key in taken { attempts[key]?.isUnderWay = true }
        underWay += taken.count
        return taken
    }

    mutating func giveBack(_ key: SubscriptionKey, at now: Timestamp) {
        guard var attempt = attempts[key], attempt.isUnderWay else { return }
        underWay -= 1
        let doubled = Self.firstPauseMicroseconds << Int64(min(attempt.failures, 30))
        attempt.failures += 1
        attempt.isUnderWay = false
        attempt.notBefore = now.advanced(by: min(doubled, Self.longestPauseMicroseconds))
        attempts[key] = attempt
    }
}
