package import ContextModel
package import Governance

/// What the pages show, asked for on behalf of whoever looks at them.
///
/// Pages are reads like any other: the answer holds only what the caller may see.
package protocol PageData: Sendable {
    /// What is collected: types, attributes, sources, freshness.
    func summary(for caller: Caller) async throws -> HubSummary
    /// How the hub is: for those who may know, queues, rates and the last errors.
    func health(for caller: Caller) async throws -> HealthSummary
    /// The time by the hub's clock.
    var now: Timestamp { get }
}

/// What is collected, as far as the caller may see.
package struct HubSummary: Sendable, Equatable {
    /// How much the policy lets the caller see, whatever there is.
    package enum Reach: Sendable {
        case everything, part, nothing
    }

    /// Most entities first.
    package var types: [TypeSummary]
    package var reach: Reach
    /// Whether the caller runs the hub.
    package var isForOperator: Bool

    package init(
        types: [TypeSummary],
        reach: Reach = .everything,
        isForOperator: Bool = false
    ) {
        self.types = types
        self.reach = reach
        self.isForOperator = isForOperator
    }

    package var entityCount: Int { types.reduce(0) { $0 + $1.count } }
    /// The newest that is not dated in the future, if there is any.
    package func newest(at now: Timestamp) -> Timestamp? {
        let all = types.compactMap(\.newest)
        return all.filter { !$0.isAhead(of: now) }.max() ?? all.max()
    }
    package var isEmpty: Bool { entityCount == 0 }
    /// Whether any source says that its data is simulated.
    package var isSimulated: Bool { types.contains(where: \.isSimulated) }
}

/// One entity type in use.
package struct TypeSummary: Sendable, Equatable {
    /// Compacted with the core `@context`: `TrafficFlowObserved`, or an IRI.
    package var name: String
    package var count: Int
    package var attributes: [AttributeSummary]
    /// What `dataProvider` and `source` of its entities say.
    package var sources: [String]
    /// When the newest value was observed or, where nothing says so, stored; one that is dated in
    /// the future only where there is no other.
    package var newest: Timestamp?
    /// The furthest moment of the future that a value is dated with.
    package var furthest: Timestamp?
    package var isSimulated: Bool

    package init(
        name: String,
        count: Int,
        attributes: [AttributeSummary],
        sources: [String],
        newest: Timestamp?,
        furthest: Timestamp? = nil,
        isSimulated: Bool
    ) {
        self.name = name
        self.count = count
        self.attributes = attributes
        self.sources = sources
        self.newest = newest
        self.furthest = furthest
        self.isSimulated = isSimulated
    }
}

/// One attribute of a type.
package struct AttributeSummary: Sendable, Equatable {
    package var name: String
    package var kind: Attribute.Kind
    /// UN/CEFACT common code, where the values carry one.
    package var unitCode: String?

    package init(name: String, kind: Attribute.Kind, unitCode: String? = nil) {
        self.name = name
        self.kind = kind
        self.unitCode = unitCode
    }
}

/// How the hub is.
package struct HealthSummary: Sendable, Equatable {
    package var version: String
    package var startedAt: Timestamp
    /// Whether the store reads and writes: everybody may know, as of `/health`.
    package var store: StoreState
    /// nil when the caller may not know, for they count what is hidden, too.
    package var measures: [Measure]?
    /// Newest first; nil when the caller may not know, for they can name addresses and data.
    package var errors: [ErrorLine]?

    package init(
        version: String,
        startedAt: Timestamp,
        store: StoreState = .sound,
        measures: [Measure]?,
        errors: [ErrorLine]?
    ) {
        self.version = version
        self.startedAt = startedAt
        self.store = store
        self.measures = measures
        self.errors = errors
    }

    /// The worst state of anything that the caller may know.
    package var state: State {
        store == .sound ? measures?.map(\.state).max() ?? .good : .bad
    }

    /// Whether the store answers, and whether what is written reaches the disk.
    package enum StoreState: Sendable {
        case sound, full, failing
    }

    /// Whether somebody should look.
    package enum State: String, Sendable, Comparable {
        case good, attention, bad

        package static func < (a: State, b: State) -> Bool { a.rank < b.rank }
        private var rank: Int { [State.good, .attention, .bad].firstIndex(of: self) ?? 0 }
    }

    /// One figure with its recent past.
    package struct Measure: Sendable, Equatable {
        /// In a reader's words: `Requests`.
        package var name: String
        package var value: Double
        /// `per second`, `MB`, or empty.
        package var unit: String
        /// One sentence: what it is and when to worry.
        package var explanation: String
        /// Oldest first, evenly spaced in time.
        package var history: [Double]
        package var state: State

        package init(
            name: String,
            value: Double,
            unit: String,
            explanation: String,
            history: [Double] = [],
            state: State = .good
        ) {
            self.name = name
            self.value = value
            self.unit = unit
            self.explanation = explanation
            self.history = history
            self.state = state
        }
    }

    /// Something that went wrong.
    package struct ErrorLine: Sendable, Equatable {
        package var at: Timestamp
        /// The part of the hub it happened in.
        package var place: String
        package var text: String

        package init(at: Timestamp, place: String, text: String) {
            self.at = at
            self.place = place
            self.text = text
        }
    }
}
