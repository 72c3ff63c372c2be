package import ContextModel
import DequeModule
package import Governance
import Storage
import Synchronization

/// Identifies a source: sources of two tenants may have the same name.
package struct SourceKey: Sendable, Hashable {
    package var tenant: TenantName?
    package var name: SourceName

    package init(_ tenant: TenantName?, _ name: SourceName) {
        self.tenant = tenant
        self.name = name
    }

    /// Who writes what comes from the source.
    package var caller: Caller { Caller(party: .named(name.party), tenant: tenant) }
}

/// A source at work: its map, and what has come from it since the start.
package final class LiveSource: Sendable {
    package let key: SourceKey
    package let kept: KeptSource
    package let mapping: any MessageMapping
    /// What is known of its messages; the same for all definitions that the source had.
    let history: SourceHistory

    init(
        _ key: SourceKey,
        _ kept: KeptSource,
        _ mapping: any MessageMapping,
        _ history: SourceHistory
    ) {
        self.key = key
        self.kept = kept
        self.mapping = mapping
        self.history = history
    }
}

extension LiveSource {
    /// Whether refused messages of it may be about entities of these types.
    func mayHoldMessages(about types: Set<IRI>) -> Bool {
        mapping.isForDevices || !types.isDisjoint(with: kept.types)
    }
}

/// What the page and the interface tell of a source, since the start of the process.
package struct SourceFigures: Sendable, Equatable {
    package var messages = 0
    /// The entities that messages have become, or have changed.
    package var entities = 0
    package var repeated = 0
    package var refused = 0
    /// Refused messages that made place for newer ones.
    package var dropped = 0
    package var last: LastMessage?
    /// The last refusal, and when it was.
    package var lastRefusal: String?
    package var lastRefusedAt: Timestamp?
    /// What the connection says of itself, such as why there is none.
    package var connection: String?
    package var isConnected: Bool?
    /// The things whose silence is noticed, and those that are silent.
    package var things = 0
    package var silent = 0
    /// After how many seconds without a report a thing is silent; nil when it is not known, or never.
    package var silentAfterSeconds: Int?
    /// Whether the source itself should have got something and did not.
    package var isSilent = false

    /// The last message, and what became of it.
    package struct LastMessage: Sendable, Equatable {
        package var receivedAt: Timestamp
        package var topic: String?
        /// The beginning of its body, as text; nil for one who may not see it.
        package var beginning: String?
        package var entities: [EntityID]
        package var refusals: [String]
    }

    /// Leaves out what tells of the content of messages.
    mutating func removeContent() {
        lastRefusal = nil
        guard let receivedAt = last?.receivedAt else { return }
        last = LastMessage(receivedAt: receivedAt, entities: [], refusals: [])
    }
}

/// The memory of a source: its figures, the numbers of messages, and the refused messages.
final class SourceHistory: Sendable {
    struct State {
        var figures = SourceFigures()
        /// Whether what the store has was read.
        var isLoaded = false
        /// The numbers of messages, oldest first, and which of them are known or on their way.
        var numbers: Deque<String> = []
        var known: Set<String> = []
        var underway: Set<String> = []
        /// The kept refused messages with their bytes, oldest first.
        var refused: Deque<(id: String, bytes: Int)> = []
        var refusedBytes = 0
        var lastRefusedNumber = 0
        var things = HeardThings()
    }

    let state = Mutex(State())

    /// The most numbers of messages that are known, and the most bytes of one.
    static let maximumNumbers = 10_000
    static let maximumNumberBytes = 256
    /// The most refused messages that are kept, and their bytes.
    static let maximumRefused = 1_000
    static let maximumRefusedBytes = 4 << 20
}
