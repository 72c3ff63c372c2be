package import ContextModel

/// A message as a source received it.
package struct ReceivedMessage: Sendable, Equatable {
    package var body: [UInt8]
    /// The topic of a message that has one.
    package var topic: String?
    /// The number that the sender gave the message, where its protocol has a place for one.
    package var number: String?
    /// Whether a known number means that it is the same message; a protocol that uses numbers again
    /// says when it is.
    package var isRepeatedByNumber = true
    /// The reason why it cannot be mapped, where its protocol knows one.
    package var problem: String?
    /// The `@context` for entities in it without their own.
    package var context: String?
    package var receivedAt: Timestamp

    package init(
        _ body: [UInt8],
        topic: String? = nil,
        number: String? = nil,
        receivedAt: Timestamp
    ) {
        self.body = body
        self.topic = topic
        self.number = number
        self.receivedAt = receivedAt
    }

    /// The most bytes of a message.
    package static let maximumBytes = 1 << 20
}

/// What a map made of a message.
package struct MappedContent: Sendable {
    /// The entities with their readings, in the normalized representation.
    package var entities: [JSONValue]
    /// The reasons why rows, or all of it, could not be mapped.
    package var refusals: [String]
    /// The number that the content of the message has.
    package var number: String?
    /// By the places of entities: the names of attributes that are written only where the entity has none yet.
    package var initial: [Int: [String]] = [:]

    package init(entities: [JSONValue], refusals: [String], number: String? = nil) {
        self.entities = entities
        self.refusals = refusals
        self.number = number
    }
}

extension ReceivedMessage {
    /// The topic for people: without the key that devices have in theirs.
    var shownTopic: String? { topic.map(Self.hidingKey) }

    /// `/json/(hidden)/ID/attrs` for `/json/KEY/ID/attrs`, and any other topic as it is.
    package static func hidingKey(in topic: String) -> String {
        var parts = topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let place = parts.prefix(2).firstIndex(of: "json"), place + 1 < parts.count else {
            return topic
        }
        parts[place + 1] = "(hidden)"
        return parts.joined(separator: "/")
    }
}

/// How the messages of one source become entities: the map of its definition.
package protocol MessageMapping: Sendable {
    /// The types of the entities, as the map writes them; none where all messages are for devices.
    var types: [String] { get }
    /// Whether its messages are those of devices, which have groups of their own.
    var isForDevices: Bool { get }
    /// A sentence for people.
    var about: String? { get }
    /// The name of the way by which messages come.
    var way: String { get }
    /// How often each thing reports.
    var reports: ReportInterval { get }
    /// Whether the source gets no messages, and hears what others write of entities of its type.
    var isWatch: Bool { get }
    /// Whether each message gives the times of all its readings. Then a repeated message changes
    /// nothing.
    var hasOwnTimes: Bool { get }
    /// The definition as whoever made the mapping knows it: what connects to the source reads it.
    var definition: any Sendable { get }
    /// Maps a message.
    ///
    /// The result depends on the message alone.
    func map(_ message: ReceivedMessage) -> MappedContent
}

extension MessageMapping {
    package var isForDevices: Bool { false }
    package var isWatch: Bool { false }
}

/// Reads definitions of sources; the formats are those of whoever implements it.
package protocol SourceReading: Sendable {
    /// Reads a definition; throws `badRequestData` with the place and the reason.
    func read(
        _ definition: String,
        of name: SourceName
    ) throws(BrokerError)
        -> any MessageMapping
}

/// For a hub without sources.
struct NoSources: SourceReading {
    func read(_: String, of _: SourceName) throws(BrokerError) -> any MessageMapping {
        throw BrokerError(.operationNotSupported, "This hub has no sources.")
    }
}
