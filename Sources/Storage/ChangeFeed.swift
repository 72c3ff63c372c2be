/// What the change feed of a tenant says from a number on: which documents have changed, and what they
/// are now.
///
/// A store numbers each change of a document of a followed kind, in the order of the commits and in the
/// transaction of the change itself. Every process of a hub follows the feeds, and keeps what it remembers
/// of documents in step with them:
///
///     let page = try await store.feed(after: number, of: [.subscription])
///     if page.isComplete { … page.changes … } else { … try await store.documents(.subscription) … }
///     number = page.number
///
/// The feed keeps the newest changes, `maximumKept` at least. Whoever asks for older ones is told so and
/// reads all documents anew.
package struct ChangeFeedPage: Sendable, Equatable {
    /// A document that was put or removed.
    package struct Change: Sendable, Equatable {
        package var kind: Document.Kind
        package var id: String
        /// What it is at the moment of the question; nil when it is not there any more.
        package var document: Document?

        package init(kind: Document.Kind, id: String, document: Document?) {
            self.kind = kind
            self.id = id
            self.document = document
        }
    }

    /// The number of the newest change of any kind: where the next question goes on.
    ///
    /// 0 when there was none.
    package var number: Int64
    /// Each document once, in the order of their last changes.
    package var changes: [Change]
    /// Whether these are all changes since the number asked for.
    package var isComplete: Bool

    package init(number: Int64, changes: [Change] = [], isComplete: Bool = true) {
        self.number = number
        self.changes = changes
        self.isComplete = isComplete
    }

    /// Changes that a feed keeps at least.
    package static let maximumKept: Int64 = 1_024
    /// Old changes are removed each time so many came.
    package static let removedAtOnce: Int64 = 128

    /// The changes that go when the one with the number has come: those up to the number returned.
    package static func lastRemoved(at number: Int64) -> Int64? {
        guard number % removedAtOnce == 0, number > maximumKept else { return nil }
        return number - maximumKept
    }

    /// Whether a feed that keeps these numbers can tell all that came after `number`.
    package static func tellsAll(after number: Int64?, kept: ClosedRange<Int64>?) -> Bool {
        guard let number else { return false }
        guard let kept else { return number == 0 }
        return number <= kept.upperBound && number + 1 >= kept.lowerBound
    }
}

/// What one transaction has added to the change feed: its maker need not ask for it.
///
/// The documents are what the transaction made of them; later ones may have changed them since.
package struct OwnChanges: Sendable, Equatable {
    /// The numbers of the changes.
    package private(set) var numbers: ClosedRange<Int64>
    /// In their order.
    private var all: [ChangeFeedPage.Change]

    init(_ number: Int64, _ change: ChangeFeedPage.Change) {
        numbers = number...number
        all = [change]
    }

    /// Each document once, in the order of their last changes.
    package var changes: [ChangeFeedPage.Change] {
        guard all.count > 1 else { return all }
        var seen: Set<[String]> = []
        return Array(
            all.reversed().filter { seen.insert([$0.kind.rawValue, $0.id]).inserted }.reversed()
        )
    }

    /// Adds what came right after these.
    mutating func append(_ later: OwnChanges) {
        numbers = numbers.lowerBound...later.numbers.upperBound
        all += later.all
    }

    /// All changes that came after `number`, of several transactions in any order; nil when some are
    /// missing, or there are none.
    package static func following(
        _ number: Int64,
        in transactions: [OwnChanges]
    ) -> OwnChanges? {
        var joined: OwnChanges?
        for own in transactions.sorted(by: { $0.numbers.lowerBound < $1.numbers.lowerBound }) {
            let last = joined?.numbers.upperBound ?? number
            guard own.numbers.lowerBound > last else { continue }
            guard own.numbers.lowerBound == last + 1 else { return nil }
            if joined == nil { joined = own } else { joined?.append(own) }
        }
        return joined
    }
}

extension Document.Kind {
    /// Whether processes remember documents of the kind, and so the change feed tells of them.
    package var isFollowed: Bool {
        switch self {
        case .subscription, .registrationSubscription, .registration, .ldContext, .policy,
            .classification, .dataPolicy, .choices:
            true
        case .deadLetter, .entityMap, .entityMapEntries, .snapshot, .hubIdentity,
            .service:
            false
        }
    }
}
