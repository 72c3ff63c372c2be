package import ContextModel

/// A message in the outbox about one change: the entity as it was then and the events of the
/// change.
///
/// It is shared by all who may know the same of the change. What each subscription's notification
/// shows is decided when it is sent, by the subscription's content at that time.
package struct NotificationMessage: Sendable, Equatable {
    /// The state after the change, with deleted attributes as NGSI-LD Null, or the last state of a
    /// deleted entity.
    package var entity: Entity
    /// Set when the entity was deleted.
    package var deletedAt: Timestamp?
    /// The events that the recipients may know.
    package var events: ChangeEvents

    package init(entity: Entity, deletedAt: Timestamp?, events: ChangeEvents) {
        self.entity = entity
        self.deletedAt = deletedAt
        self.events = events
    }
}

extension EntityChange {
    /// The entity in a notification of the change (clause 5.8.6).
    ///
    /// Deleted attributes stay as NGSI-LD Null, and with `showsChanges` changed ones have their
    /// previous value. A hidden sub-attribute does not count as a change of its attribute.
    func notified(
        showsChanges: Bool = false,
        hiding hidden: Set<IRI> = [],
        at now: Timestamp
    ) -> Entity? {
        guard var entity = after else { return before }
        var places = InstancePlaces()
        let ends = showsChanges ? [:] : wholeEnds(of: entity, &places)
        for attribute in attributes {
            if ends[attribute.name] != nil, attribute.after == nil { continue }
            guard let before = attribute.before else { continue }
            // A ternary would make `nil` the JSON null of a literal.
            var previous: JSONValue?
            if showsChanges, attribute.isDifferent(hiding: hidden) { previous = before.value }
            if attribute.after == nil {
                var ended = before.ended(at: now)
                ended.details?.previousValue = previous
                entity.append(ended, as: attribute.name, &places)
            } else if let previous,
                let place = places.place(
                    of: attribute.name,
                    before.datasetID,
                    in: entity.attributes
                )
            {
                entity.set(previous: previous, at: place)
            }
        }
        for attribute in attributes {
            guard let end = ends[attribute.name],
                places.place(of: attribute.name, in: entity.attributes) == nil
            else { continue }
            entity.append(end.ended(at: now), as: attribute.name, &places)
        }
        return entity
    }

    /// The attributes that lost several instances and have none left.
    ///
    /// One instance without `datasetId` stands for their deletion.
    private func wholeEnds(
        of entity: Entity,
        _ places: inout InstancePlaces
    ) -> [IRI: Attribute] {
        let gone = Dictionary(grouping: attributes.filter { $0.after == nil }, by: \.name)
        var ends: [IRI: Attribute] = [:]
        for (name, changes) in gone
        where changes.count > 1 && places.place(of: name, in: entity.attributes) == nil {
            ends[name] = changes[0].before?.asDefaultInstance
        }
        return ends
    }
}

extension Attribute {
    /// A deleted instance: NGSI-LD Null and `deletedAt` (clause 4.8).
    func ended(at now: Timestamp) -> Attribute {
        Attribute(
            kind: kind,
            value: kind.nullValue,
            datasetID: datasetID,
            createdAt: createdAt,
            modifiedAt: now,
            details: AttributeDetails(deletedAt: now)
        )
    }

    /// The instance without its `datasetId`.
    var asDefaultInstance: Attribute {
        var instance = self
        instance.datasetID = nil
        return instance
    }
}

extension Entity {
    fileprivate mutating func append(
        _ instance: Attribute,
        as name: IRI,
        _ places: inout InstancePlaces
    ) {
        if let index = places.place(of: name, in: attributes) {
            attributes[index].instances.append(instance)
        } else {
            attributes.append(NamedAttribute(name: name, instances: [instance]))
        }
    }

    fileprivate mutating func set(
        previous: JSONValue,
        at place: (attribute: Int, instance: Int)
    ) {
        var details =
            attributes[place.attribute].instances[place.instance].details ?? AttributeDetails()
        details.previousValue = previous
        attributes[place.attribute].instances[place.instance].details = details
    }
}

// MARK: - Encoding

extension NotificationMessage {
    private static let version: UInt8 = 2
    /// The first version, which has the attributes that notify, without events.
    private static let firstVersion: UInt8 = 1

    /// The part before the entity: a version, a length of three bytes, and JSON, which is short
    /// and read rarely.
    var head: [UInt8] {
        var writer = JSONWriter(reservingBytes: 256)
        writer.beginObject()
        if let event = events.entity {
            writer.key("entity")
            writer.string(event.rawValue)
        }
        if let deletedAt {
            writer.key("deletedAt")
            writer.timestamp(deletedAt)
        }
        writer.key("attributes")
        writer.beginArray()
        for (name, triggers) in events.attributes {
            writer.beginArray()
            writer.string(name.text)
            for trigger in triggers { writer.string(trigger.rawValue) }
            writer.endArray()
        }
        writer.endArray()
        writer.endObject()
        let count = UInt32(writer.bytes.count)
        return [
            Self.version, UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF),
        ] + writer.bytes
    }

    /// Decodes a message; nil when the bytes are damaged.
    package init?(bytes: [UInt8]) {
        guard bytes.count > 4, bytes[0] == Self.version || bytes[0] == Self.firstVersion else {
            return nil
        }
        let count = Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
        guard bytes.count > 4 + count,
            let head = try? JSONReader.read(bytes[4..<4 + count]).objectValue,
            let entity = try? EntityCodec.decode(Array(bytes[(4 + count)...]))
        else { return nil }
        let deletedAt = head["deletedAt"]?.stringValue.flatMap { Timestamp($0) }
        var events = ChangeEvents(
            entity: head["entity"]?.stringValue.flatMap(Subscription.Trigger.init),
            attributes: Self.attributes(head["attributes"]?.arrayValue ?? [])
        )
        if head["entity"]?.boolValue == true {
            events.entity = deletedAt == nil ? .entityCreated : .entityDeleted
        }
        self.init(entity: entity, deletedAt: deletedAt, events: events)
    }

    /// The name and triggers of each attribute; in the first version the name alone.
    private static func attributes(_ list: [JSONValue]) -> [IRI: Set<Subscription.Trigger>] {
        list.reduce(into: [:]) { attributes, json in
            let parts = json.arrayValue?.compactMap(\.stringValue) ?? [json.stringValue ?? ""]
            guard let name = parts.first else { return }
            attributes[IRI(name)] = Set(parts.dropFirst().compactMap(Subscription.Trigger.init))
        }
    }
}
