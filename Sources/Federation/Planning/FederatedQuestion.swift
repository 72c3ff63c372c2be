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
    /// What a question about histories asks besides; nil for one about the present.
    package var history: HistoryQuestion?

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

/// What a question about histories asks besides which entities (clauses 5.7.3 and 5.7.4).
package struct HistoryQuestion: Sendable, Hashable {
    /// The range of time; without bounds for all times.
    package var time: TemporalTest
    /// How many of the newest instances of each attribute are wanted, where a source may know it.
    package var lastN: Int?

    package init(_ time: TemporalTest, lastN: Int? = nil) {
        self.time = time
        self.lastN = lastN
    }

    /// The range of time in the words of a request (clause 4.11).
    var parameters: [KeyValuePair] {
        var parameters: [KeyValuePair] = []
        func add(_ name: String, _ value: String) {
            parameters.append(KeyValuePair(key: name, value: value))
        }
        switch (time.from, time.to) {
        case (let from?, let to?):
            add("timerel", "between")
            add("timeAt", from.text)
            add("endTimeAt", to.text)
        case (let from?, nil):
            add("timerel", "after")
            add("timeAt", from.text)
        case (nil, let to?):
            add("timerel", "before")
            add("timeAt", to.text)
        case (nil, nil): break
        }
        if time.property != .observedAt { add("timeproperty", time.property.rawValue) }
        if let lastN { add("lastN", String(lastN)) }
        return parameters
    }

    /// Whether it says a range of time, without which histories are not queried (clause 5.7.4.4).
    var isBounded: Bool { time.from != nil || time.to != nil }

    /// The question for what comes after a part that ends at the moment.
    ///
    /// These are newer instances, or older ones where the newest are wanted. The moment itself is
    /// asked for again. Returns nil where that is no less than what was asked for.
    func rest(after end: Timestamp) -> HistoryQuestion? {
        var rest = self
        if lastN == nil {
            rest.time.from = end
            if let from = time.from, end <= from { return nil }
        } else {
            let to = Timestamp(microseconds: end.microseconds + 1)
            rest.time.to = to
            if let last = time.to, last <= to { return nil }
        }
        return rest
    }
}
