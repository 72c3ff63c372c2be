package import ContextModel

/// What of a history a query looks at.
extension TemporalQuery {
    /// The moment the query looks at; one that the instance lacks falls back on its modification.
    package func moment(_ instance: Attribute) -> Timestamp {
        time(of: instance) ?? Timestamp(microseconds: instance.historyTime)
    }

    package func time(of instance: Attribute) -> Timestamp? {
        switch timeProperty {
        case .observedAt: instance.observedAt
        case .createdAt: instance.createdAt
        case .modifiedAt: instance.modifiedAt
        case .deletedAt: instance.details?.deletedAt
        }
    }

    /// Whether the query restricts time at all; one that does not takes every instance.
    package var isBounded: Bool { from != nil || to != nil }

    /// Whether the instance lies in the range of time that the query is about.
    package func covers(_ instance: Attribute) -> Bool {
        // The end of an attribute is no value of its own.
        if aggregation != nil, instance.details?.deletedAt != nil { return false }
        // Who looks at the moment of deletion looks for what was deleted, whenever it was.
        guard isBounded || timeProperty == .deletedAt else { return true }
        guard let time = time(of: instance) else { return false }
        return from.map { $0 <= time } ?? true && to.map { time < $0 } ?? true
    }
}
