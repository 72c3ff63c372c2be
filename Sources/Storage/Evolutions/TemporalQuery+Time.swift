package import ContextModel

/// Which part of a history a query looks at.
extension TemporalQuery {
    /// The moment of the instance that the query looks at; its modification time when it has none.
    package func moment(_ instance: Attribute) -> Timestamp {
        time(of: instance) ?? Timestamp(microseconds: instance.historyTime)
    }

    package func time(of instance: Attribute) -> Timestamp? { instance.time(timeProperty) }

    /// Whether the query restricts time; otherwise it covers every instance.
    package var isBounded: Bool { from != nil || to != nil }

    /// Whether the instance lies in the range of time of the query.
    package func covers(_ instance: Attribute) -> Bool {
        // The deletion of an attribute is not a value.
        if aggregation != nil, instance.details?.deletedAt != nil { return false }
        // A query about `deletedAt` covers every deletion, even without a range.
        guard isBounded || timeProperty == .deletedAt else { return true }
        guard let time = time(of: instance) else { return false }
        return from.map { $0 <= time } ?? true && to.map { time < $0 } ?? true
    }
}
