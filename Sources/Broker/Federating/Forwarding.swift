package import ContextModel
package import Federation

/// How a request may be passed on to other sources: the parts of it that only they need.
package struct Forwarding: Sendable {
    /// The `@context` of the request.
    package var context: LDContext
    /// The names of the sources that the request has come through (clause 4.3.6.4).
    package var via: [String]
    /// The entities that are asked for; never empty.
    package var selections: [EntitySelection]
    /// The filters of a query as they were written.
    package var filters: [KeyValuePair]
    /// The condition on registrations (clause 5.7.2.4).
    package var csf: Condition
    /// Whether entities may be in parts at several sources (clause 4.3.6.7).
    package var expectsSplitEntities: Bool
    /// What the request conveys beside, by its key (clause 4.3.6.5).
    package var conveyed: @Sendable (_ key: String) -> String?

    package init(
        context: LDContext,
        via: [String] = [],
        selections: [EntitySelection],
        filters: [KeyValuePair] = [],
        csf: Condition = .everything,
        expectsSplitEntities: Bool = false,
        conveyed: @escaping @Sendable (_ key: String) -> String? = { _ in nil }
    ) {
        self.context = context
        self.via = via
        self.selections = selections
        self.filters = filters
        self.csf = csf
        self.expectsSplitEntities = expectsSplitEntities
        self.conveyed = conveyed
    }
}
