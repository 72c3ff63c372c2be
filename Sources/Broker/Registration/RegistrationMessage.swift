import ContextModel

/// The reason why a subscriber is notified of a registration (clause 5.3.2).
package enum TriggerReason: String, Sendable, CaseIterable {
    case newlyMatching, updated, noLongerMatching
}

/// A message in the outbox for one notification of registrations.
package struct RegistrationMessage: Sendable, Equatable {
    /// A registration as it was then, and the part of it that the subscriber asked for.
    package struct Item: Sendable, Equatable {
        package var record: RegistrationRecord
        /// The indexes of the matching elements of `information`.
        package var information: [Int]
    }

    package var reason: TriggerReason
    package var items: [Item]

    package init(_ reason: TriggerReason, _ items: [Item]) {
        self.reason = reason
        self.items = items
    }

    /// Writes the rest of the notification after its head, beginning with `data`.
    func write(_ notification: NotificationParameters, to writer: inout JSONWriter) {
        let sysAttrs = notification.representation.showsSystemAttributes
        writer.beginArray()
        for item in items {
            let view = RegistrationRecord.View(
                sysAttrs: sysAttrs,
                information: item.information,
                listsTypes: true
            )
            writer.value(.object(item.record.shown(notification.context, view)))
        }
        writer.endArray()
        writer.key("triggerReason")
        writer.string(reason.rawValue)
    }
}

// MARK: - Encoding

extension RegistrationMessage {
    var bytes: [UInt8] {
        let data = items.map { item -> JSONValue in
            [
                "id": .string(item.record.id), "registration": .object(item.record.json),
                "information": .array(item.information.map { .number(JSONNumber($0)) }),
            ]
        }
        let json: JSONValue = ["reason": .string(reason.rawValue), "data": .array(data)]
        return json.serialized
    }

    /// Decodes a message; nil when the bytes are damaged.
    init?(bytes: [UInt8]) {
        guard let json = try? JSONReader.read(bytes).objectValue,
            let reason = json["reason"]?.stringValue.flatMap({ TriggerReason(rawValue: $0) }),
            let data = json["data"]?.arrayValue
        else { return nil }
        self.init(reason, data.compactMap { Item($0) })
    }

    /// Merges messages of one reason: the last state of each registration, in the order of the
    /// first ones.
    ///
    /// Returns nil when there is nothing to tell.
    init?(merging messages: [RegistrationMessage]) {
        guard let reason = messages.first?.reason else { return nil }
        var items: [Item] = []
        for item in messages.flatMap(\.items) {
            if let index = items.firstIndex(where: { $0.record.id == item.record.id }) {
                items[index] = item
            } else {
                items.append(item)
            }
        }
        guard !items.isEmpty else { return nil }
        self.init(reason, items)
    }
}

extension RegistrationMessage.Item {
    fileprivate init?(_ json: JSONValue) {
        guard let object = json.objectValue, let id = object["id"]?.stringValue,
            let record = object["registration"]?.objectValue
                .flatMap({ RegistrationRecord(id: id, $0) }),
            let information = object["information"]?.arrayValue
        else { return nil }
        self.init(record: record, information: information.compactMap(\.numberValue?.intValue))
    }
}
