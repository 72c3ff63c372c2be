package import ContextModel

/// What waits in the outbox for one notification: the entity as it was then and why it notifies,
/// in one message, so that it can be decided and written later, for the subscriber of then.
package struct NotificationMessage: Sendable, Equatable {
    /// The state after the change, with deleted attributes as NGSI-LD Null; the last state of a
    /// deleted entity.
    package var entity: Entity
    /// Set when the entity was deleted.
    package var deletedAt: Timestamp?
    package var match: Subscription.Match

    package init(entity: Entity, deletedAt: Timestamp?, match: Subscription.Match) {
        self.entity = entity
        self.deletedAt = deletedAt
        self.match = match
    }

    /// Makes the messages of one change; what they share is encoded once.
    struct Encoder {
        private let change: EntityChange
        private let now: Timestamp
        private var plain: State?
        /// By what is hidden from those who are told: it decides which attributes have changed.
        private var withChanges: [Set<IRI>: State] = [:]

        /// The entity as it is shown, and as it is kept.
        private struct State {
            var entity: Entity?
            var bytes: [UInt8]

            init(_ entity: Entity?) {
                self.entity = entity
                bytes = entity.map(EntityCodec.encode) ?? []
            }
        }

        init(_ change: EntityChange, at now: Timestamp) {
            self.change = change
            self.now = now
        }

        /// Nil when there is nothing to show.
        mutating func message(
            _ match: Subscription.Match,
            showsChanges: Bool,
            hiding hidden: Set<IRI>
        ) -> (NotificationMessage?, [UInt8]) {
            let state = showsChanges ? changes(hiding: hidden) : plainState()
            guard let entity = state.entity else { return (nil, []) }
            let deletedAt = change.after == nil ? now : nil
            let message = NotificationMessage(entity: entity, deletedAt: deletedAt, match: match)
            return (message, NotificationMessage.head(match, deletedAt: deletedAt) + state.bytes)
        }

        private mutating func plainState() -> State {
            if let plain { return plain }
            let state = State(change.notified(at: now))
            plain = state
            return state
        }

        private mutating func changes(hiding hidden: Set<IRI>) -> State {
            if let known = withChanges[hidden] { return known }
            let state = State(change.notified(showsChanges: true, hiding: hidden, at: now))
            withChanges[hidden] = state
            return state
        }
    }
}

extension EntityChange {
    /// The entity that a notification of the change shows (clause 5.8.6): deleted attributes stay
    /// as NGSI-LD Null, and with `showsChanges` changed ones carry their previous value.
    ///
    /// What is hidden from its receiver does not count as a change of what it is inside.
    func notified(
        showsChanges: Bool = false,
        hiding hidden: Set<IRI> = [],
        at now: Timestamp
    ) -> Entity? {
        guard var entity = after else { return before }
        let ends = showsChanges ? [:] : wholeEnds(of: entity)
        for attribute in attributes {
            if ends[attribute.name] != nil, attribute.after == nil { continue }
            guard let before = attribute.before else { continue }
            // Not a ternary: there, `nil` would be the JSON null of a literal, and be shown.
            var previous: JSONValue?
            if showsChanges, attribute.isDifferent(hiding: hidden) { previous = before.value }
            if attribute.after == nil {
                var ended = before.ended(at: now)
                ended.details?.previousValue = previous
                entity.append(ended, as: attribute.name)
            } else if let previous {
                entity.set(previous: previous, of: attribute.name, before.datasetID)
            }
        }
        for attribute in attributes {
            guard let end = ends[attribute.name], entity[attribute.name].isEmpty else { continue }
            entity.append(end.ended(at: now), as: attribute.name)
        }
        return entity
    }

    /// Attributes that lost several instances and have none left: they ended as a whole, and one
    /// instance without `datasetId` says so.
    private func wholeEnds(of entity: Entity) -> [IRI: Attribute] {
        let gone = Dictionary(grouping: attributes.filter { $0.after == nil }, by: \.name)
        return gone.compactMapValues { changes in
            guard changes.count > 1, entity[changes[0].name].isEmpty else { return nil }
            return changes[0].before?.asDefaultInstance
        }
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

    /// The same without its `datasetId`.
    var asDefaultInstance: Attribute {
        var instance = self
        instance.datasetID = nil
        return instance
    }
}

extension Entity {
    fileprivate mutating func append(_ instance: Attribute, as name: IRI) {
        if let index = attributes.firstIndex(where: { $0.name == name }) {
            attributes[index].instances.append(instance)
        } else {
            attributes.append(NamedAttribute(name: name, instances: [instance]))
        }
    }

    fileprivate mutating func set(previous: JSONValue, of name: IRI, _ datasetID: String?) {
        guard let index = attributes.firstIndex(where: { $0.name == name }),
            let place = attributes[index].instances.firstIndex(where: {
                $0.datasetID == datasetID
            })
        else { return }
        var details = attributes[index].instances[place].details ?? AttributeDetails()
        details.previousValue = previous
        attributes[index].instances[place].details = details
    }
}

// MARK: - As bytes

extension NotificationMessage {
    private static let version: UInt8 = 1

    /// The head is JSON after the version and its length in two bytes: short, and read rarely.
    fileprivate static func head(_ match: Subscription.Match, deletedAt: Timestamp?) -> [UInt8] {
        var writer = JSONWriter(reservingBytes: 256)
        writer.beginObject()
        if match.isForEntity {
            writer.key("entity")
            writer.bool(true)
        }
        if let deletedAt {
            writer.key("deletedAt")
            writer.timestamp(deletedAt)
        }
        writer.key("attributes")
        writer.beginArray()
        for name in match.attributes { writer.string(name.text) }
        writer.endArray()
        writer.endObject()
        let count = UInt32(writer.bytes.count)
        return [version, UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
            + writer.bytes
    }

    /// Reads a message; nil when the bytes are damaged.
    package init?(bytes: [UInt8]) {
        guard bytes.count > 4, bytes[0] == Self.version else { return nil }
        let count = Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
        guard bytes.count > 4 + count,
            let head = try? JSONReader.read(bytes[4..<4 + count]).objectValue,
            let entity = try? EntityCodec.decode(Array(bytes[(4 + count)...]))
        else { return nil }
        let names = head["attributes"]?.arrayValue?.compactMap { $0.stringValue.map { IRI($0) } }
        self.init(
            entity: entity,
            deletedAt: head["deletedAt"]?.stringValue.flatMap { Timestamp($0) },
            match: Subscription.Match(
                isForEntity: head["entity"]?.boolValue ?? false,
                attributes: names ?? []
            )
        )
    }
}
