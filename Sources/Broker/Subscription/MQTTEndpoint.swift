/// A topic of an MQTT broker for notifications, from its URI (clause 7.2):
/// `mqtt[s]://[user[:password]@]host[:port]/topic[/subtopic]*`.
package struct MQTTEndpoint: Sendable, Hashable {
    /// The address and credentials of a broker, for which topics share a connection.
    package struct Broker: Sendable, Hashable {
        package var host: String
        package var port: Int
        package var isSecure: Bool
        package var user: String?
        package var password: String?
        package var version: Version
    }

    /// The versions of the protocol, by their names in `notifierInfo` (table 7.2-1).
    package enum Version: String, Sendable, Hashable, CaseIterable {
        case v311 = "mqtt3.1.1"
        case v5 = "mqtt5.0"
    }

    package var broker: Broker
    package var topic: String
    /// 0: at most once; 1: at least once; 2: exactly once.
    package var qualityOfService: Int

    /// The limit of the protocol.
    static let maximumTopicBytes = 65_535

    /// Returns nil when the URI does not name an MQTT topic.
    package init?(uri: String, version: Version = .v5, qualityOfService: Int = 0) {
        guard let scheme = Self.scheme(of: uri) else { return nil }
        let rest = uri.dropFirst(scheme.count + 3)
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        let topic = String(rest[rest.index(after: slash)...]).percentDecoded
        guard let topic, Self.isTopic(topic),
            let broker = Broker(rest[..<slash], isSecure: scheme == "mqtts", version)
        else { return nil }
        self.broker = broker
        self.topic = topic
        self.qualityOfService = qualityOfService
    }

    /// `mqtt` or `mqtts`; nil for any other scheme.
    static func scheme(of uri: String) -> String? {
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        guard scheme == "mqtt" || scheme == "mqtts",
            uri.dropFirst(scheme.count).hasPrefix("://")
        else { return nil }
        return scheme
    }

    /// The URI without its password, for messages.
    static func withoutPassword(_ uri: String) -> String {
        guard let at = uri.utf8.lastIndex(of: UInt8(ascii: "@")) else { return uri }
        return "\(uri.prefix { $0 != ":" })://…\(uri[at...])"
    }

    /// Whether one can publish to it: a name, not a pattern.
    private static func isTopic(_ topic: String) -> Bool {
        !topic.isEmpty && topic.utf8.count <= maximumTopicBytes
            && !topic.unicodeScalars.contains { "+#\0".unicodeScalars.contains($0) }
    }
}

extension MQTTEndpoint.Broker {
    fileprivate init?(_ authority: Substring, isSecure: Bool, _ version: MQTTEndpoint.Version) {
        let at = authority.utf8.lastIndex(of: UInt8(ascii: "@"))
        if let at {
            let parts = authority[..<at].split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let user = String(parts[0]).percentDecoded, !user.isEmpty else { return nil }
            self.user = user
            if parts.count > 1 { password = String(parts[1]).percentDecoded }
        }
        let place = at.map { authority[authority.index(after: $0)...] } ?? authority
        guard let (host, port) = Self.hostAndPort(place) else { return nil }
        self.host = host
        self.port = port ?? (isSecure ? 8_883 : 1_883)
        self.isSecure = isSecure
        self.version = version
    }

    /// The host and the port; an IPv6 address loses its brackets.
    private static func hostAndPort(_ place: Substring) -> (String, Int?)? {
        var host = place
        var rest = Substring()
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            host = place[place.index(after: place.startIndex)..<end]
            rest = place[place.index(after: end)...]
        } else if let colon = place.firstIndex(of: ":") {
            host = place[..<colon]
            rest = place[colon...]
        }
        guard !host.isEmpty else { return nil }
        guard !rest.isEmpty else { return (host.lowercased(), nil) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65_535).contains(port)
        else { return nil }
        return (host.lowercased(), port)
    }
}
