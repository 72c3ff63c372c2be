package import ContextModel
import Governance
import Storage

/// Writes notifications (clauses 5.3.1, 5.8.6 and 6.3.9) from data that a session reads with the
/// subscriber's grant.
package struct NotificationWriter: Sendable {
    let limits: DeliveryLimits

    package init(limits: DeliveryLimits = DeliveryLimits()) { self.limits = limits }

    /// A message with its content.
    struct Message {
        var item: OutboxItem
        var content: OutboxItem.Content
    }

    /// The content of one notification for these messages; nil when there is nothing to tell.
    func content(
        of batch: [Message],
        for subscription: IndexedSubscription,
        _ session: ReadSession
    ) async throws -> NotificationContent? {
        if subscription.subscription.registrations != nil {
            return RegistrationMessage(merging: batch.compactMap(\.content.registrations))
                .map { .registrations($0) }
        }
        let join = subscription.subscription.notification.representation.join
        if batch.count == 1, join == nil, let change = batch[0].content.change {
            return written(change, batch[0].item, for: subscription, session.grant)
        }
        let changes = batch.compactMap(\.content.change)
        let entities = entities(of: changes, for: subscription, session.grant)
        return try await content(entities, for: subscription, session)
    }

    /// The data of one message; subscribers who see the same of it share the text.
    private func written(
        _ message: NotificationMessage,
        _ item: OutboxItem,
        for subscription: IndexedSubscription,
        _ grant: ReadGrant
    ) -> NotificationContent? {
        let shaping = grant.hidden.shaping(in: message.entity)
        let match = visibleMatch(of: message, for: subscription, grant, shaping.hidden)
        guard let match else { return nil }
        let notification = subscription.subscription.notification
        let view = NotificationView(
            representation: notification.representation,
            accept: notification.endpoint.accept,
            context: notification.context,
            contextURL: contextURL(subscription),
            embedsContext: embedsContext(notification.endpoint),
            showsChanges: notification.showsChanges,
            shaping: shaping,
            endedAttributes: message.deletedAt == nil ? [] : match.attributes
        )
        let shown = ShownChange(
            message: message,
            match: match,
            showsChanges: notification.showsChanges,
            shaping: shaping
        )
        let data = item.data(view) {
            var writer = JSONWriter(reservingBytes: 1_024)
            write([shown.entity], linked: nil, for: subscription, to: &writer)
            return writer.bytes
        }
        return .written(data, of: shown)
    }

    /// The reason why the message notifies the subscriber; nil when the subscriber may not see the
    /// entity or may not know the reason.
    private func visibleMatch(
        of message: NotificationMessage,
        for subscription: IndexedSubscription,
        _ grant: ReadGrant,
        _ hidden: Set<IRI>
    ) -> Subscription.Match? {
        let watched = subscription.subscription.watchedAttributes
        guard let match = subscription.subscription.match(message.events),
            message.shows(match, hiding: hidden, watched: watched)
        else { return nil }
        let mayRead =
            grant.condition == .everything
            || grant.covers(message.entity.withoutDeletedAttributes)
        return mayRead ? match : nil
    }

    /// The entities with their Linked Entities; nil when there are none.
    func content(
        _ entities: [Entity],
        for subscription: IndexedSubscription,
        _ session: ReadSession
    ) async throws -> NotificationContent? {
        guard !entities.isEmpty else { return nil }
        let linked = try await linkedEntities(of: entities, for: subscription, session)
        return .entities(entities, linked: linked)
    }

    /// The entities of the messages as the subscriber may see them: the last state of each, in the
    /// order of their first messages.
    ///
    /// Empty when there is nothing to tell.
    func entities(
        of messages: [NotificationMessage],
        for subscription: IndexedSubscription,
        _ grant: ReadGrant
    ) -> [Entity] {
        var order: [EntityID] = []
        var latest: [EntityID: Entity] = [:]
        for message in messages {
            let shaping = grant.hidden.shaping(in: message.entity)
            let match = visibleMatch(of: message, for: subscription, grant, shaping.hidden)
            guard let match else { continue }
            if latest[message.entity.id] == nil { order.append(message.entity.id) }
            latest[message.entity.id] =
                ShownChange(
                    message: message,
                    match: match,
                    showsChanges: subscription.subscription.notification.showsChanges,
                    shaping: shaping
                ).entity
        }
        return order.compactMap { latest[$0] }
    }

    /// The Linked Entities that the subscription asks for, within the limit, read with the
    /// subscriber's grant.
    private func linkedEntities(
        of entities: [Entity],
        for subscription: IndexedSubscription,
        _ session: ReadSession
    ) async throws -> LinkedEntities? {
        let representation = subscription.subscription.notification.representation
        guard representation.join != nil else { return nil }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        return try await session.read { transaction in
            try reader.entities(linkedFrom: entities, in: representation, transaction).linked
        }
    }

    /// The request that notifies the subscriber of the entities.
    package func request(
        id: String,
        _ content: NotificationContent,
        for subscription: IndexedSubscription,
        tenant: TenantName?,
        now: Timestamp
    ) -> NotificationRequest {
        let endpoint = subscription.subscription.notification.endpoint
        let timeout = endpoint.timeoutMilliseconds ?? limits.timeoutMilliseconds
        return NotificationRequest(
            url: endpoint.uri,
            body: body(id: id, content, for: subscription, now: now),
            mediaType: endpoint.accept,
            contextURL: embedsContext(endpoint) ? nil : contextURL(subscription),
            tenant: tenant,
            receiverInfo: endpoint.receiverInfo,
            timeoutMilliseconds: min(timeout, limits.longestTimeoutMilliseconds),
            party: subscription.record.owner,
            mqtt: endpoint.mqtt,
            service: endpoint.service,
            content: content
        )
    }

    // MARK: @context

    /// Whether the body has the `@context`: GeoJSON does, unless the receiver prefers it in a
    /// header (clause 6.3.5).
    private func embedsContext(_ endpoint: NotificationEndpoint) -> Bool {
        switch endpoint.accept {
        case .json: false
        case .jsonLD: true
        case .geoJSON: !WebEndpoint.prefersContextOutside(endpoint.receiverInfo)
        }
    }

    private func contextURL(_ subscription: IndexedSubscription) -> String {
        subscription.subscription.notification.context.url
            ?? subscription.record.contextURL ?? CoreContext.url
    }

    private func embeddedContext(_ subscription: IndexedSubscription) -> JSONValue {
        let context = subscription.subscription.notification.context
        return context.url == nil
            ? JSONValue.string(contextURL(subscription)).endingWithCore : context.embedded
    }

    // MARK: Body

    private func body(
        id: String,
        _ content: NotificationContent,
        for subscription: IndexedSubscription,
        now: Timestamp
    ) -> [UInt8] {
        let notification = subscription.subscription.notification
        var writer = JSONWriter(reservingBytes: 2_048)
        writer.beginObject()
        for (key, value) in [
            ("id", id), ("type", content.type), ("subscriptionId", subscription.record.id),
            ("notifiedAt", now.text),
        ] {
            writer.key(key)
            writer.string(value)
        }
        writer.key("data")
        switch content {
        case .entities(let entities, let linked):
            write(entities, linked: linked, for: subscription, to: &writer)
        case .written(let data, _): writer.raw(data)
        case .registrations(let message): message.write(notification, to: &writer)
        }
        if notification.endpoint.accept == .jsonLD {
            writer.key("@context")
            writer.value(embeddedContext(subscription))
        }
        writer.endObject()
        return writer.bytes
    }

    /// Writes an entity; in JSON-LD each entity is a document with its own `@context`.
    private func write(
        _ entities: [Entity],
        linked: LinkedEntities?,
        for subscription: IndexedSubscription,
        to writer: inout JSONWriter
    ) {
        let notification = subscription.subscription.notification
        let entityWriter = EntityWriter(
            notification.representation,
            context: notification.context,
            linked: linked
        )
        if notification.endpoint.accept == .geoJSON {
            let geo = GeoJSONWriter(
                entities: entityWriter,
                geometryProperty: .location,
                datasetID: nil
            )
            var context: JSONValue?
            if embedsContext(notification.endpoint) {
                context = embeddedContext(subscription)
            }
            return geo.write(entities, embedding: context, to: &writer)
        }
        var context: JSONValue?
        if notification.endpoint.accept == .jsonLD { context = embeddedContext(subscription) }
        entityWriter.write(entities, embedding: context, to: &writer)
    }
}

/// The content of a notification.
package enum NotificationContent: Disclosable {
    /// Entities, as in clause 5.3.1.
    case entities([Entity], linked: LinkedEntities?)
    /// The same, with its data in JSON already.
    case written([UInt8], of: ShownChange)
    /// Registrations, as in clause 5.3.2.
    case registrations(RegistrationMessage)

    fileprivate var type: String {
        switch self {
        case .entities, .written: "Notification"
        case .registrations: "ContextSourceNotification"
        }
    }

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        switch self {
        case .entities(let entities, let linked):
            for entity in entities { entity.noteDisclosure(note) }
            linked?.forEachDisclosure(note)
        case .written(_, let change): change.entity.noteDisclosure(note)
        // Registrations are not city data.
        case .registrations: break
        }
    }
}

/// The part of one change that a notification shows.
package struct ShownChange: Sendable {
    fileprivate let message: NotificationMessage
    fileprivate let match: Subscription.Match
    fileprivate let showsChanges: Bool
    /// What is hidden in the entity, and what of it is shaped.
    fileprivate let shaping: EntityShaping

    /// Computed at each call: subscribers who see the same share its text.
    var entity: Entity { shaping.shape(message.shown(match, showsChanges)) }
}

extension OutboxItem.Content {
    fileprivate var change: NotificationMessage? {
        if case .change(let message) = self { message } else { nil }
    }

    fileprivate var registrations: RegistrationMessage? {
        if case .registrations(let message) = self { message } else { nil }
    }
}

extension NotificationMessage {
    /// Whether a subscriber may know why it is notified.
    ///
    /// It may not when everything that changed, or everything that it watches of a created or
    /// deleted entity, is hidden.
    fileprivate func shows(
        _ match: Subscription.Match,
        hiding hidden: Set<IRI>,
        watched: Set<IRI>?
    ) -> Bool {
        if match.attributes.contains(where: { !hidden.contains($0) }) { return true }
        guard match.isForEntity else { return false }
        guard let watched else { return true }
        let visible = watched.subtracting(hidden)
        return entity.attributes.contains { visible.contains($0.name) }
    }
}

extension NotificationMessage {
    /// The entity in a notification: a deleted one shows its end, and with `showsChanges` previous
    /// values are shown (clause 5.8.6).
    fileprivate func shown(_ match: Subscription.Match, _ showsChanges: Bool) -> Entity {
        guard let deletedAt else { return entity }
        var shown = entity
        shown.deletedAt = deletedAt
        if showsChanges {
            shown.attributes = entity.attributes.map { endedWithChanges($0, deletedAt) }
        } else {
            // Only the attributes whose deletion the subscriber asked for.
            shown.attributes = entity.attributes.filter { match.attributes.contains($0.name) }
                .map { ended($0, deletedAt) }
        }
        return shown
    }

    private func ended(_ named: NamedAttribute, _ deletedAt: Timestamp) -> NamedAttribute {
        var end = named.instances[0]
        if named.instances.count > 1 { end = end.asDefaultInstance }
        return NamedAttribute(name: named.name, instances: [end.ended(at: deletedAt)])
    }

    private func endedWithChanges(
        _ named: NamedAttribute,
        _ deletedAt: Timestamp
    ) -> NamedAttribute {
        var named = named
        named.instances = named.instances.map { instance in
            var ended = instance.ended(at: deletedAt)
            ended.details?.previousValue = instance.value
            return ended
        }
        return named
    }
}

extension Entity {
    /// The entity without deleted attributes, as conditions see it.
    fileprivate var withoutDeletedAttributes: Entity {
        var entity = self
        for index in entity.attributes.indices {
            entity.attributes[index].instances.removeAll { $0.details?.deletedAt != nil }
        }
        entity.attributes.removeAll(where: \.instances.isEmpty)
        return entity
    }
}
