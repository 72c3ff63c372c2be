import ContextModel
import Governance

/// Messages of devices: by whose key they come, and for which group a connection has them.
extension Sourcing {
    /// The group of devices that has the key; nil for none.
    package func deviceGroup(key: String) -> LiveSource? {
        registry.source(key: key).flatMap { source($0) }
    }

    /// Whether the device may send or ask: whether it is provisioned, or its group takes others, too.
    package func admits(device id: String, of source: LiveSource) -> Bool {
        guard let mapping = source.mapping as? DeviceGroupMapping, DeviceName.isValid(id) else {
            return false
        }
        return mapping.device(id) != nil || mapping.group.takesUnknownDevices
    }

    /// The group for which a connection for devices has the message, and the message without the key;
    /// nil where there is none, or where it takes nothing.
    func devicesGroup(
        of message: ReceivedMessage,
        through source: LiveSource
    ) -> (LiveSource, ReceivedMessage)? {
        guard source.mapping.isForDevices,
            let (key, address) = message.topic.flatMap({ MeasureAddress.parse(topic: $0) }),
            let group = deviceGroup(key: key), group.key.tenant == source.key.tenant,
            !group.kept.isPaused
        else { return nil }
        var message = message
        message.topic = address.text
        return (group, message)
    }

    /// Takes messages that a connection has for devices: each goes to the group whose key is in its topic.
    ///
    /// One without a group is kept by the connection's source, where it can be tried again.
    func receiveForDevices(
        _ messages: [ReceivedMessage],
        by source: LiveSource
    ) async throws -> [MessageOutcome] {
        var outcomes: [MessageOutcome?] = messages.map { _ in nil }
        var groups: [SourceKey: (source: LiveSource, places: [Int], messages: [ReceivedMessage])] =
            [:]
        for (place, message) in messages.enumerated() {
            let (group, own) = devicesGroup(of: message, through: source) ?? (source, message)
            groups[group.key, default: (group, [], [])].places.append(place)
            groups[group.key]?.messages.append(own)
        }
        for (_, group) in groups.sorted(by: { $0.key.name < $1.key.name }) {
            let some = try await take(group.messages, by: group.source)
            for (place, outcome) in zip(group.places, some) { outcomes[place] = outcome }
        }
        return outcomes.compactMap(\.self)
    }
}
