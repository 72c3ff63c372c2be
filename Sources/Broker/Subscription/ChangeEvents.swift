package import ContextModel

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

extension EntityChange {
    /// What happened, for those from whom attributes of these names are hidden, inside others too.
    func events(hiding hidden: Set<IRI>) -> ChangeEvents {
        var events = ChangeEvents(entity: nil)
        if after == nil {
            events.entity = .entityDeleted
        } else if before == nil {
            events.entity = .entityCreated
        }
        for attribute in attributes where attribute.isDifferent(hiding: hidden) {
            events.attributes[attribute.name, default: []].insert(attribute.trigger)
        }
        return events
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
