import ContextModel
import Governance
import Storage

/// The messages of one change: one message for all subscribers who may know the same of it.
///
/// Their number depends on the number of different rights, and not on the number of subscriptions
/// or on what they watch.
struct ChangeMessages {
    /// A message and its recipients.
    struct Message {
        var content: NotificationMessage
        var bytes: [UInt8]
        var recipients: [String]
    }

    /// What a subscriber may know of the change.
    private struct View: Hashable {
        /// Whether the state before the change is hidden.
        var isNew: Bool
        var hidden: HiddenInChange
    }

    /// The subscribers that share a message: those with equal values.
    private struct Audience: Hashable {
        var events: Int
        var isNew: Bool
        var showsChanges: Bool
        /// The hidden attributes, which decide what previous values are stored; they are removed
        /// again when a message is sent.
        var hidden: Set<IRI>
        /// The attributes that were hidden before the change and are new after it.
        var revealed: Set<IRI>
    }

    private let change: EntityChange
    private let now: Timestamp
    private let allowances: MatchingAllowances
    private var events: [ChangeEvents] = []
    private var eventNumbers: [ChangeEvents: Int] = [:]
    private var eventsOfViews: [View: Int] = [:]
    private var recipients: [Audience: [String]] = [:]
    /// The result for the previous candidate: most candidates have the same rights.
    private var lastHidden: (from: HiddenAttributes, isNew: Bool, found: HiddenInChange)?
    /// In the order in which they were met.
    private var audiences: [Audience] = []

    init(
        _ change: EntityChange,
        at now: Timestamp,
        within allowances: MatchingAllowances = MatchingAllowances()
    ) {
        self.change = change
        self.now = now
        self.allowances = allowances
    }

    /// Adds the subscription to the recipients, if the change notifies it.
    mutating func offer(to candidate: IndexedSubscription) {
        guard candidate.mayNotify(at: now) else { return }
        let rights = candidate.rights
        guard let sight = candidate.sight(of: change, by: rights) else { return }
        let isNew = sight == .comesIntoView
        let hidden = hidden(from: rights.hidden, isNew: isNew)
        let view = View(isNew: isNew, hidden: hidden)
        let number = events(for: view)
        guard candidate.subscription.match(events[number]) != nil,
            candidate.meetsTarget(
                change,
                shapedBy: rights.hidden.isUniform ? EntityShaping() : hidden.shaping,
                within: allowances
            )
        else { return }
        let showsChanges = candidate.subscription.notification.showsChanges
        let audience = Audience(
            events: number,
            isNew: isNew,
            showsChanges: showsChanges,
            hidden: showsChanges ? hidden.all : [],
            revealed: hidden.revealed
        )
        if recipients[audience] == nil { audiences.append(audience) }
        recipients[audience, default: []].append(candidate.record.key)
    }

    private mutating func hidden(
        from hidden: HiddenAttributes,
        isNew: Bool
    ) -> HiddenInChange {
        guard !hidden.isUniform else {
            return HiddenInChange(change, from: hidden, isNew: isNew)
        }
        if let last = lastHidden, last.isNew == isNew, last.from == hidden { return last.found }
        let found = HiddenInChange(change, from: hidden, isNew: isNew)
        lastHidden = (hidden, isNew, found)
        return found
    }

    private mutating func events(for view: View) -> Int {
        if let known = eventsOfViews[view] { return known }
        let found = (view.isNew ? change.appearance : change)
            .events(hiding: view.hidden)
        let number = eventNumbers[found] ?? events.count
        if number == events.count {
            events.append(found)
            eventNumbers[found] = number
        }
        eventsOfViews[view] = number
        return number
    }

    /// The messages, encoded for the outbox.
    func messages() -> [Message] {
        var plain: NotifiedEntity?
        return audiences.compactMap { audience in
            let entity: NotifiedEntity?
            if audience.showsChanges || !audience.revealed.isEmpty {
                entity = notified(audience)
            } else if audience.isNew {
                entity = NotifiedEntity(change.after)
            } else {
                plain = plain ?? notified(audience)
                entity = plain
            }
            guard let entity else { return nil }
            let content = NotificationMessage(
                entity: entity.entity,
                deletedAt: change.after == nil ? now : nil,
                events: events[audience.events]
            )
            return Message(
                content: content,
                bytes: content.head + entity.bytes,
                recipients: recipients[audience] ?? []
            )
        }
    }

    private func notified(_ audience: Audience) -> NotifiedEntity? {
        let change = audience.isNew ? change.appearance : change
        return NotifiedEntity(
            change.revealing(audience.revealed).notified(
                showsChanges: audience.showsChanges,
                hiding: audience.hidden,
                at: now
            )
        )
    }

    /// An entity as in notifications, with its encoding.
    private struct NotifiedEntity {
        var entity: Entity
        var bytes: [UInt8]

        init?(_ entity: Entity?) {
            guard let entity else { return nil }
            self.entity = entity
            bytes = EntityCodec.encode(entity)
        }
    }
}
