/// The device that sent a message, and the kind of its content.
///
/// As a text it is the end of a topic of FIWARE's IoT Agents: `ID/attrs`, `ID/attrs/NAME` or `ID/cmdexe`,
/// with `?t=TIME` where the message has a time. The protocol and the key, which is a secret, are left out.
package struct MeasureAddress: Sendable, Hashable {
    /// What is sent.
    package enum Content: Sendable, Hashable {
        /// The members of an object are measures.
        case measures
        /// One measure of this name.
        case measure(String)
        /// The results of commands.
        case results
    }

    package var device: String
    package var content: Content
    /// When it was measured, as whoever sent it says beside the message.
    package var time: String?

    package init(device: String, _ content: Content, time: String? = nil) {
        self.device = device
        self.content = content
        self.time = time
    }

    /// Returns nil for a text that is no such topic.
    init?(_ text: String) {
        var path = text[...]
        if let mark = text.lastIndex(of: "?"), text[mark...].hasPrefix("?t=") {
            path = text[..<mark]
            time = String(text[mark...].dropFirst(3))
        }
        let levels = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard levels.count > 1, DeviceName.isValid(String(levels[0])) else { return nil }
        device = String(levels[0])
        switch (levels[1], levels.count) {
        case ("attrs", 2): content = .measures
        case ("attrs", 3) where !levels[2].isEmpty: content = .measure(String(levels[2]))
        case ("cmdexe", 2): content = .results
        default: return nil
        }
    }

    /// The address and the key in a topic of MQTT: `/json/KEY/ID/attrs`; nil for another topic.
    package static func parse(topic: String) -> (key: String, address: MeasureAddress)? {
        let rest = topic.hasPrefix("/") ? topic.dropFirst() : topic[...]
        let levels = rest.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard levels.count == 3, levels[0] == "json",
            let address = MeasureAddress(String(levels[2])), address.time == nil
        else { return nil }
        return (String(levels[1]), address)
    }

    package var text: String {
        let what =
            switch content {
            case .measures: "attrs"
            case .measure(let name): "attrs/" + name
            case .results: "cmdexe"
            }
        return "\(device)/\(what)" + (time.map { "?t=" + $0 } ?? "")
    }
}
