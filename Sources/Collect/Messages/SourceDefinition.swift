/// A source of messages: where they come from, and how they become entities.
///
/// It is written in YAML or JSON; `docs/connecting.md` describes every key.
package struct SourceDefinition: Sendable {
    /// A sentence for people.
    package var about: String?
    package var way: Way
    package var format = Format.json
    /// Where the rows are in a message; nil for the message itself, or each element of an array.
    var rows: JSONPath?
    /// Where the readings are in a row; nil for the row itself.
    var each: JSONPath?
    var join: Join?
    var every: Every?
    /// The number that the sender gives a message, by which a repeated one is known.
    var number: Template?
    package var reports = Reports.learned
    /// What each row becomes: an entity by each of the maps; none where the format says it itself.
    var maps: [ColumnMap] = []
    /// The types of entities that other brokers may send.
    var givenTypes: [String] = []

    /// The way by which messages come.
    package enum Way: Sendable {
        case webhook(WebhookAccess)
        case mqtt(MQTTTopics)
        case poll(PolledAddress)
        /// Entities of a type that others write: nothing comes but their silence is noticed.
        case watch

        /// Its name in a definition.
        package var name: String {
            switch self {
            case .webhook: "webhook"
            case .mqtt: "mqtt"
            case .poll: "poll"
            case .watch: "watch"
            }
        }
    }

    /// How often each thing reports.
    package enum Reports: Sendable, Hashable {
        /// The hub learns it.
        case learned
        case every(seconds: Int)
        /// Its things do not report again and again.
        case never
    }

    /// What the bytes of a message are.
    package enum Format: String, Sendable, CaseIterable {
        case json, csv
        /// A feed of GTFS-Realtime in Protocol Buffers.
        case gtfsRealtime = "gtfs-realtime"
        /// Alerts of CAP 1.2 in XML.
        case cap
        /// What ThingsBoard's gateway publishes.
        case thingsBoard = "thingsboard"
        /// Entities of other brokers, in notifications or lists.
        case ngsi
        /// Measures of devices, which have groups of their own.
        case devices
    }

    /// A second list of the message whose elements are added to the rows, such as the stations of
    /// readings.
    struct Join: Sendable {
        var rows: JSONPath
        var key: MapCell
        var match: Template
    }

    /// An object whose members all become attributes.
    struct Every: Sendable {
        var object: JSONPath
        var except: Set<String> = []
    }

    /// The types of the entities.
    package var types: [String] {
        guard !maps.isEmpty else { return givenTypes }
        var known: Set<String> = []
        return maps.map(\.type).filter { known.insert($0).inserted }
    }
    /// Whether its messages are entities of other brokers.
    package var hasEntities: Bool { format == .ngsi }
    /// Whether its messages are those of devices.
    package var isForDevices: Bool { format == .devices }

    /// Whether the time of readings stands in their message, and not that of its receipt.
    package var hasOwnTimes: Bool {
        guard !maps.isEmpty, format != .thingsBoard else { return false }
        return maps.allSatisfy { map in
            map.time.map { !$0.value.parts.contains(.column("received")) } ?? false
        }
    }

    /// The most maps of a source.
    static let maximumMaps = 10

    /// The most bytes of a definition.
    package static let maximumBytes = 64 << 10
}

/// A place of a secret; a definition never has the secret itself.
package enum SecretReference: Sendable, Hashable {
    /// An environment variable, whose name begins with `BALAI_SOURCE_`.
    case variable(String)
    /// A file in the folder of the hub's secrets.
    case file(String)
}

/// A text that may be a secret.
package enum SourceText: Sendable, Hashable {
    case plain(String)
    case secret(SecretReference)
}

/// How a webhook knows its sender.
package enum WebhookAccess: Sendable, Hashable {
    /// `Authorization: Bearer SECRET`.
    case bearer(SecretReference)
    /// `Authorization: Basic …` (RFC 7617).
    case basic(user: String, SecretReference)
    /// A parameter of the query.
    case query(name: String, SecretReference)
    /// An HMAC with SHA-256 of the body in a header.
    case hmac(header: String, prefix: String, isBase64: Bool, SecretReference)
}

/// A broker and the topics that are listened to there.
package struct MQTTTopics: Sendable, Hashable {
    package var host: String
    package var port: Int
    package var isSecure: Bool
    /// The authorities of the broker's certificate in PEM; nil for those of the system.
    package var authority: SecretReference?
    /// The certificate by which the broker knows the hub, with those that lead to its authority, and its key.
    package var certificate: SecretReference?
    package var key: SecretReference?
    package var user: String?
    package var password: SecretReference?
    /// The name of the hub there; nil for one made of the source's name.
    package var client: String?
    /// Whether it speaks MQTT 5 and not 3.1.1.
    package var isVersion5 = true
    /// 0: at most once; 1: at least once.
    package var qualityOfService = 1
    package var filters: [String]
}

/// An address that is asked at intervals.
package struct PolledAddress: Sendable, Hashable {
    package var url: String
    package var everySeconds: Int
    package var headers: [String: SourceText] = [:]
    package var paging: Paging?
    package var maximumPages = 100
    /// Further addresses, such as `https://files.example`, at whose hosts and ports the documents of a feed of alerts may be.
    package var documents: [String] = []

    /// How one page leads to the next.
    package enum Paging: Sendable, Hashable {
        /// A token in the answer is sent back as a parameter.
        case token(JSONPath, parameter: String)
        /// A parameter counts the rows before the page.
        case offset(parameter: String, step: Int)
        /// The answer has the address of the next page, in its body or, without a path, in its
        /// `Link` header (RFC 8288).
        case link(JSONPath?)
    }
}
