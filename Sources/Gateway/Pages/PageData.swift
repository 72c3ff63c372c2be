package import ContextModel
package import Governance

/// The source of the pages' data.
///
/// Pages are reads like any other: they show only what the visitor may see.
package protocol PageData: Sendable {
    /// A summary of the data: types, attributes, sources and freshness.
    func summary(for caller: Caller) async throws -> HubSummary
    /// The state of the hub: queues, rates and the last errors, for those who may know them.
    func health(for caller: Caller) async throws -> HealthSummary
    /// The time by the hub's clock.
    var now: Timestamp { get }
}

/// A summary of the data that the visitor may see.
package struct HubSummary: Sendable, Equatable {
    /// How much the policy lets the visitor see, whatever data there is.
    package enum Reach: Sendable {
        case everything, part, nothing
    }

    /// The types, those with most entities first.
    package var types: [TypeSummary]
    /// The types of which there are histories alone, by their names.
    package var pastTypes: [String]
    package var reach: Reach
    /// Whether the visitor runs the hub.
    package var isForOperator: Bool

    package init(
        types: [TypeSummary],
        pastTypes: [String] = [],
        reach: Reach = .everything,
        isForOperator: Bool = false
    ) {
        self.types = types
        self.pastTypes = pastTypes
        self.reach = reach
        self.isForOperator = isForOperator
    }

    package var entityCount: Int { types.reduce(0) { $0 + $1.count } }
    /// The newest time that is not in the future, if there is any.
    package func newest(at now: Timestamp) -> Timestamp? {
        let all = types.compactMap(\.newest)
        return all.filter { !$0.isAhead(of: now) }.max() ?? all.max()
    }
    package var isEmpty: Bool { entityCount == 0 && pastTypes.isEmpty }
    /// Whether any source names its data simulated.
    package var isSimulated: Bool { types.contains(where: \.isSimulated) }
}

/// One entity type in use.
package struct TypeSummary: Sendable, Equatable {
    /// The name, compacted with the core `@context`: `TrafficFlowObserved`, or an IRI.
    package var name: String
    package var count: Int
    package var attributes: [AttributeSummary]
    /// The values of `dataProvider` and `source` in its entities.
    package var sources: [String]
    /// The time when the newest value was observed, or stored if it has no such time; a time in
    /// the future only when there is no other.
    package var newest: Timestamp?
    /// The latest time in the future that a value has.
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
    /// The UN/CEFACT common code of its values, if they have one.
    package var unitCode: String?

    package init(name: String, kind: Attribute.Kind, unitCode: String? = nil) {
        self.name = name
        self.kind = kind
        self.unitCode = unitCode
    }
}

/// The state of the hub.
package struct HealthSummary: Sendable, Equatable {
    package var version: String
    package var startedAt: Timestamp
    /// Whether the store reads and writes, which everybody may know, as from `/health`.
    package var store: StoreState
    /// The figures; nil when the visitor may not know them, because they also count what is
    /// hidden.
    package var measures: [Measure]?
    /// The errors, newest first; nil when the visitor may not know them, because they may name
    /// addresses and data.
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

    /// The worst state of everything that the visitor may know.
    package var state: State {
        store == .sound ? measures?.map(\.state).max() ?? .good : .bad
    }

    /// Whether the store answers, and whether writes reach the disk.
    package enum StoreState: Sendable {
        case sound, full, failing
    }

    /// Whether somebody should act.
    package enum State: String, Sendable, Comparable {
        case good, attention, bad

        package static func < (a: State, b: State) -> Bool { a.rank < b.rank }
        private var rank: Int { [State.good, .attention, .bad].firstIndex(of: self) ?? 0 }
    }

    /// One figure with its recent past.
    package struct Measure: Sendable, Equatable {
        /// The name for readers: *Requests*.
        package var name: Wording
        package var value: Double
        /// The unit: *per second*, `MB`, or empty.
        package var unit: Wording
        /// One sentence: what it is, and when to worry.
        package var explanation: Wording
        /// The values, oldest first, at equal intervals.
        package var history: [Double]
        package var state: State

        package init(
            name: Wording,
            value: Double,
            unit: Wording,
            explanation: Wording,
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

    /// An error.
    package struct ErrorLine: Sendable, Equatable {
        package var at: Timestamp
        /// The part of the hub where it occurred.
        package var place: String
        package var text: String

        package init(at: Timestamp, place: String, text: String) {
            self.at = at
            self.place = place
            self.text = text
        }
    }
}
