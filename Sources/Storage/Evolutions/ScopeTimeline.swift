package import ContextModel

/// The scopes of an entity over time: each holds from the moment it was set until the next was set
/// or it was removed (clause 4.18).
package struct ScopeTimeline: Sendable {
    /// A half-open period: at or after `from`, before `to`; nil is unbounded.
    package struct Period: Sendable {
        package var from: Timestamp?
        package var to: Timestamp?
        /// The instance with which the period begins.
        package var instance: Attribute

        package func contains(_ moment: Timestamp) -> Bool {
            from.map { $0 <= moment } ?? true && to.map { moment < $0 } ?? true
        }
    }

    /// In the order of time.
    package let periods: [Period]

    /// Creates the timeline from `instances` in any order; `moment` returns the time that a query
    /// looks at.
    package init(_ instances: [Attribute], moment: (Attribute) -> Timestamp) {
        let ordered = instances.map { (moment($0), $0) }.sorted { $0.0 < $1.0 }
        periods = ordered.indices.map { index in
            let next = ordered.indices.contains(index + 1) ? ordered[index + 1].0 : nil
            return Period(from: ordered[index].0, to: next, instance: ordered[index].1)
        }
    }

    /// Creates the timeline of scopes whose beginning was not recorded: they hold at all times.
    package init(always scopes: [String], createdAt: Timestamp?, modifiedAt: Timestamp?) {
        let instance = Attribute(
            kind: .property,
            value: JSONValue(scopes: scopes),
            createdAt: createdAt,
            modifiedAt: modifiedAt
        )
        periods = scopes.isEmpty ? [] : [Period(from: nil, to: nil, instance: instance)]
    }

    /// The periods that overlap the range.
    package func periods(from: Timestamp?, to: Timestamp?) -> [Period] {
        periods.filter { period in
            let beginsBefore = period.from.flatMap { begin in to.map { begin < $0 } } ?? true
            let endsAfter = period.to.flatMap { end in from.map { $0 < end } } ?? true
            return beginsBefore && endsAfter
        }
    }
}

extension Condition {
    /// The condition split into the part about scopes and the rest: their conjunction is the
    /// condition.
    package var partedByScope: (scopes: Condition, rest: Condition) {
        guard case .all(let parts) = self else {
            return isOfScopes ? (self, .everything) : (.everything, self)
        }
        return parts.reduce(into: (.everything, .everything)) { parted, part in
            if part.isOfScopes {
                parted.scopes = parted.scopes.and(part)
            } else {
                parted.rest = parted.rest.and(part)
            }
        }
    }

    private var isOfScopes: Bool {
        switch self {
        case .scope: true
        case .all(let parts), .any(let parts): parts.allSatisfy(\.isOfScopes)
        case .not(let part): part.isOfScopes
        default: false
        }
    }
}
