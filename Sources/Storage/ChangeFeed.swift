/// A page of a tenant's change feed: the documents that changed after a given number, and their
/// present content.
///
/// A store numbers each change of a document of a followed kind, in the order of the commits and in the
/// transaction of the change itself. Every process of a hub follows the feeds, and keeps what it remembers
/// of documents in step with them:
///
///     let page = try await store.feed(after: number, of: [.subscription])
///     if page.isComplete { … page.changes … } else { … try await store.documents(.subscription) … }
///     number = page.number
///
/// The feed keeps at least the newest `maximumKept` changes. When a process asks for older ones,
/// `isComplete` is false and the process reads all documents again.
package struct ChangeFeedPage: Sendable, Equatable {
    /// A document that was put or removed.
    package struct Change: Sendable, Equatable {
        package var kind: Document.Kind
        package var id: String
        /// The document at the time of the question; nil when it has been removed.
        package var document: Document?

        package init(kind: Document.Kind, id: String, document: Document?) {
            self.kind = kind
            self.id = id
            self.document = document
        }
    }

    /// The number of the newest change of any kind: pass it to the next question.
    ///
    /// Zero when there has been no change.
    package var number: Int64
    /// Each changed document once, in the order of their last changes.
    package var changes: [Change]
    /// Whether `changes` has every change since the number that was asked for.
    package var isComplete: Bool

    package init(number: Int64, changes: [Change] = [], isComplete: Bool = true) {
        self.number = number
        self.changes = changes
        self.isComplete = isComplete
    }

    /// The number of changes that a feed keeps at least.
    package static let maximumKept: Int64 = 1_024
    /// The number of old changes that are removed together.
    package static let removedAtOnce: Int64 = 128

    /// Returns the number up to which changes are removed after change `number` was added; nil
    /// when none are removed.
    package static func lastRemoved(at number: Int64) -> Int64? {
        guard number % removedAtOnce == 0, number > maximumKept else { return nil }
        return number - maximumKept
    }

    /// Whether a feed that keeps the changes `kept` has all that came after `number`.
    package static func hasAll(after number: Int64?, kept: ClosedRange<Int64>?) -> Bool {
        guard let number else { return false }
        guard let kept else { return number == 0 }
        return number <= kept.upperBound && number + 1 >= kept.lowerBound
    }
}

/// The changes that one transaction added to the change feed.
///
/// Whoever made the transaction gets them with its result and does not have to ask the feed. The
/// documents are as the transaction left them; later transactions may have changed them since.
package struct OwnChanges: Sendable, Equatable {
    /// The numbers of the changes.
    package private(set) var numbers: ClosedRange<Int64>
    /// In the order of their numbers.
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

    /// Appends the changes that directly follow these.
    mutating func append(_ later: OwnChanges) {
        numbers = numbers.lowerBound...later.numbers.upperBound
        all += later.all
    }

    /// Joins the changes of several transactions, given in any order, into all changes after
    /// `number`.
    ///
    /// Returns nil when a change is missing or there are none.
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
    /// Whether processes cache documents of this kind, so that the change feed lists them.
    package var isFollowed: Bool {
        switch self {
        case .subscription, .registrationSubscription, .registration, .ldContext, .policy,
            .classification, .dataPolicy, .choices, .commonRules, .source, .member,
            .exemption, .report, .reportRules, .suspension:
            true
        case .deadLetter, .entityMap, .entityMapEntries, .snapshot, .hubIdentity,
            .service, .recordMark, .privacyLedger, .refusedMessage, .messageNumber,
            .sourceThings, .device, .deviceCommand:
            false
        }
    }
}
