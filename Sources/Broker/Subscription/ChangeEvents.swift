package import ContextModel
import Governance
import Storage

/// What happened in a change, as far as somebody may know it: what subscriptions are matched with.
package struct ChangeEvents: Sendable, Hashable {
    /// `entityCreated` or `entityDeleted`; nil for an entity that was there and stays.
    package var entity: Subscription.Trigger?
    /// What happened to the instances of each attribute.
    ///
    /// Nothing is said of it in messages that an earlier version put into the outbox: these name the
    /// attributes that had been matched.
    package var attributes: [IRI: Set<Subscription.Trigger>]

    package init(
        entity: Subscription.Trigger?,
        attributes: [IRI: Set<Subscription.Trigger>] = [:]
    ) {
        self.entity = entity
        self.attributes = attributes
    }
}

/// What of a change is hidden from somebody.
struct HiddenInChange: Hashable {
    /// What is hidden in the entity after the change, or before it if it is deleted.
    var names: Set<IRI>
    /// What is hidden before the change alone: it is new after it.
    var revealed: Set<IRI> = []
    /// What nothing is told of that happens to it.
    var all: Set<IRI> { revealed.isEmpty ? names : names.union(revealed) }

    /// `isNew` says that nothing is seen of the entity before the change.
    init(_ change: EntityChange, from hidden: HiddenAttributes, isNew: Bool) {
        names = hidden.everywhere
        guard !hidden.isUniform, let state = change.after ?? change.before else { return }
        names = hidden.names(in: state)
        guard !isNew, change.after != nil, let before = change.before else { return }
        revealed = hidden.names(in: before).subtracting(names)
    }
}

extension EntityChange {
    /// What happened, for those from whom this is hidden.
    func events(hiding hidden: HiddenInChange) -> ChangeEvents {
        var events = ChangeEvents(entity: nil)
        if after == nil {
            events.entity = .entityDeleted
        } else if before == nil {
            events.entity = .entityCreated
        }
        let unseen = hidden.all
        for attribute in attributes where attribute.isDifferent(hiding: unseen) {
            events.attributes[attribute.name, default: []].insert(attribute.trigger)
        }
        for name in hidden.revealed where after.map({ !$0[name].isEmpty }) ?? false {
            events.attributes[name, default: []].insert(.attributeCreated)
        }
        return events
    }

    /// The change as seen by someone from whom these attributes were hidden before it: they appear as
    /// new, and nothing tells of their earlier values.
    func revealing(_ names: Set<IRI>) -> EntityChange {
        guard !names.isEmpty else { return self }
        var change = self
        change.attributes.removeAll { names.contains($0.name) }
        return change
    }

    /// The change for those who may see the entity only as it is now: to them it is new.
    var appearance: EntityChange {
        let attributes = (after?.attributes ?? []).flatMap { attribute in
            attribute.instances.map {
                AttributeChange(name: attribute.name, before: nil, after: $0)
            }
        }
        return EntityChange(before: nil, after: after, attributes: attributes)
    }
}

extension Subscription {
    /// Why an event notifies.
    package struct Match: Sendable, Equatable {
        /// The entity came or went, and the subscription asked for that.
        package var isForEntity: Bool
        /// The attributes whose change notifies.
        package var attributes: Set<IRI>
    }

    /// Whether what happened notifies, and why; nil when it does not (clause 5.8.6).
    package func match(_ events: ChangeEvents) -> Match? {
        var match = Match(isForEntity: false, attributes: [])
        let touched = touchedAttributes(events)
        for name in touched {
            let kinds = events.attributes[name] ?? []
            if kinds.isEmpty || !kinds.isDisjoint(with: triggers) { match.attributes.insert(name) }
        }
        if let entity = events.entity, triggers.contains(entity) {
            match.isForEntity = !touched.isEmpty || watchedAttributes == nil
        }
        return match.isForEntity || !match.attributes.isEmpty ? match : nil
    }

    /// The attributes that something happened to and that the subscription watches.
    private func touchedAttributes(_ events: ChangeEvents) -> [IRI] {
        guard let watchedAttributes else { return Array(events.attributes.keys) }
        // Many may watch little of an entity of which much has changed, and the other way round.
        guard watchedAttributes.count > events.attributes.count else {
            return watchedAttributes.filter { events.attributes[$0] != nil }
        }
        return events.attributes.keys.filter(watchedAttributes.contains)
    }
}

extension EntityChange.AttributeChange {
    var trigger: Subscription.Trigger {
        if before == nil { return .attributeCreated }
        return after == nil ? .attributeDeleted : .attributeUpdated
    }

    /// Whether any member has another value than before, as far as it is not hidden; the hub's own
    /// times do not count.
    func isDifferent(hiding hidden: Set<IRI>) -> Bool {
        guard !hidden.contains(name) else { return false }
        guard let before, let after else { return true }
        return before.hiding(hidden).withoutSystemTimes != after.hiding(hidden).withoutSystemTimes
    }
}

extension Attribute {
    fileprivate var withoutSystemTimes: Attribute {
        var attribute = self
        attribute.createdAt = nil
        attribute.modifiedAt = nil
        for name in attribute.attributes.indices {
            for index in attribute.attributes[name].instances.indices {
                let instance = attribute.attributes[name].instances[index]
                attribute.attributes[name].instances[index] = instance.withoutSystemTimes
            }
        }
        return attribute
    }
}
