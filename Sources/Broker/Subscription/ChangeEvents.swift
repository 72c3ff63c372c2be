package import ContextModel
import Governance
import Storage

/// The events of a change that somebody may know, with which subscriptions are matched.
package struct ChangeEvents: Sendable, Hashable {
    /// `entityCreated` or `entityDeleted`; nil when the entity existed before and after.
    package var entity: Subscription.Trigger?
    /// The events of the instances of each attribute.
    ///
    /// Messages that an earlier version put into the outbox have no events, only the attributes
    /// that matched.
    package var attributes: [IRI: Set<Subscription.Trigger>]

    package init(
        entity: Subscription.Trigger?,
        attributes: [IRI: Set<Subscription.Trigger>] = [:]
    ) {
        self.entity = entity
        self.attributes = attributes
    }
}

/// The attributes of a change that are hidden from somebody.
struct HiddenInChange: Hashable {
    /// The attributes hidden in the entity after the change, or before it if it is deleted.
    var names: Set<IRI>
    /// The attributes hidden only before the change, which are new after it.
    var revealed: Set<IRI> = []
    /// What is made of attributes, before the change and after it.
    var values: [IRI: Shaping] = [:]
    /// The attributes whose events are not told.
    var all: Set<IRI> { revealed.isEmpty ? names : names.union(revealed) }

    /// `isNew` says that the entity was not visible before the change.
    init(_ change: EntityChange, from hidden: HiddenAttributes, isNew: Bool) {
        names = hidden.everywhere
        guard !hidden.isUniform, let state = change.after ?? change.before else { return }
        let shaping = hidden.shaping(in: state)
        names = shaping.hidden
        values = shaping.values
        guard !isNew, change.after != nil, let before = change.before else { return }
        let former = hidden.shaping(in: before)
        revealed = former.hidden.subtracting(names)
        // What is shaped otherwise than before is new.
        for name in former.names.union(values.keys)
        where former.values[name] != values[name] && !names.contains(name) {
            revealed.insert(name)
        }
    }

    /// What of the entity is shown after the change, or was before it if it is deleted.
    var shaping: EntityShaping { EntityShaping(hiding: names, values: values) }
}

extension EntityChange {
    /// The events that are visible when these attributes are hidden.
    func events(hiding hidden: HiddenInChange) -> ChangeEvents {
        var events = ChangeEvents(entity: nil)
        if after == nil {
            events.entity = .entityDeleted
        } else if before == nil {
            events.entity = .entityCreated
        }
        let unseen = hidden.all
        for attribute in attributes
        where attribute.isDifferent(hiding: unseen, shaped: hidden.values) {
            events.attributes[attribute.name, default: []].insert(attribute.trigger)
        }
        for name in hidden.revealed where after.map({ !$0[name].isEmpty }) ?? false {
            events.attributes[name, default: []].insert(.attributeCreated)
        }
        return events
    }

    /// The change as seen by somebody from whom these attributes were hidden before it.
    ///
    /// They appear as new, without their earlier values.
    func revealing(_ names: Set<IRI>) -> EntityChange {
        guard !names.isEmpty else { return self }
        var change = self
        change.attributes.removeAll { names.contains($0.name) }
        return change
    }

    /// The change as seen by somebody who could not see the entity before: the entity is new.
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
    /// The reason why events notify a subscription.
    package struct Match: Sendable, Equatable {
        /// The entity was created or deleted, and the subscription asks for that.
        package var isForEntity: Bool
        /// The attributes whose change notifies.
        package var attributes: Set<IRI>
    }

    /// The reason why the events notify; nil when they do not (clause 5.8.6).
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

    /// The watched attributes that have events.
    private func touchedAttributes(_ events: ChangeEvents) -> [IRI] {
        guard let watchedAttributes else { return Array(events.attributes.keys) }
        // Iterates over the shorter one of the two lists.
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

    /// Whether a member that is not hidden has another value than before, as it is shown; the hub's own
    /// times do not count.
    func isDifferent(hiding hidden: Set<IRI>, shaped values: [IRI: Shaping] = [:]) -> Bool {
        guard !hidden.contains(name) else { return false }
        if !values.isEmpty {
            let shaping = EntityShaping(hiding: hidden, values: values)
            return before.flatMap { shaping.shape($0, of: name) }?.withoutSystemTimes
                != after.flatMap { shaping.shape($0, of: name) }?.withoutSystemTimes
        }
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
