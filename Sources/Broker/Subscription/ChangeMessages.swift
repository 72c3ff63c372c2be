import ContextModel
import Governance

/// The messages of one change: one for all who are told the same of it, however many they are and
/// whatever of it they watch.
///
/// How many there are depends on how many different rights the subscribers have, and not on how
/// many subscriptions there are.
struct ChangeMessages {
    /// Who is told what.
    struct Message {
        var content: NotificationMessage
        var bytes: [UInt8]
        var recipients: [String]
    }

    /// What somebody may know of the change.
    private struct View: Hashable {
        /// Nothing of the time before the change.
        var isNew: Bool
        var hidden: HiddenInChange
    }

    /// Messages alike in this are one.
    private struct Audience: Hashable {
        var events: Int
        var isNew: Bool
        var showsChanges: Bool
        /// What is hidden decides which previous values are shown, and is otherwise applied when a
        /// message is sent.
        var hidden: Set<IRI>
        /// What was hidden before the change and is new after it.
        var revealed: Set<IRI>
    }

    private let change: EntityChange
    private let now: Timestamp
    private let allowances: MatchingAllowances
    private var events: [ChangeEvents] = []
    private var eventNumbers: [ChangeEvents: Int] = [:]
    private var eventsOfViews: [View: Int] = [:]
    private var recipients: [Audience: [String]] = [:]
    /// What was found for the candidate before: mostly many have the same rights.
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

    /// Notes that the subscription is told of the change, if it notifies.
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
                hiding: rights.hidden.isUniform ? [] : hidden.names,
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

    /// The messages, with their bytes for the outbox.
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

    /// An entity as notifications show it, with its bytes.
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
