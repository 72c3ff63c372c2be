package import ContextModel

/// What a retrieval or a query asks of all sources together (clauses 5.7.1 and 5.7.2).
package struct FederatedQuestion: Sendable {
    /// The entities: never empty.
    package var selections: [EntitySelection]
    /// The attributes that are wanted; empty for all.
    package var attributes: Set<IRI>
    /// The filters on values, scopes and places, as the caller wrote them: `q`, `georel` and others.
    package var filters: [KeyValuePair]
    /// The attributes that the filters look at.
    package var filterAttributes: Set<IRI>
    /// Whether sources may decide the filters, because each has whole entities and the caller may
    /// see what the filters look at (clause 4.3.6.7).
    package var passesFilters: Bool
    /// Whether sources may leave out what is not wanted: not where rights depend on it.
    package var narrowsAttributes: Bool

    package init(
        selections: [EntitySelection],
        attributes: Set<IRI> = [],
        filters: [KeyValuePair] = [],
        filterAttributes: Set<IRI> = [],
        passesFilters: Bool = true,
        narrowsAttributes: Bool = true
    ) {
        self.selections = selections
        self.attributes = attributes
        self.filters = filters
        self.filterAttributes = filterAttributes
        self.passesFilters = passesFilters
        self.narrowsAttributes = narrowsAttributes
    }

    /// The attributes that a source must know one of to be asked (clause 5.12); empty for any.
    package var matchedAttributes: Set<IRI> {
        attributes.isEmpty ? [] : attributes.union(filterAttributes)
    }
}
