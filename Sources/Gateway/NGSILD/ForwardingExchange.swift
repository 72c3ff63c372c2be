import Broker
import ContextModel
import Federation
import Governance
import HTTPTypes
import Hummingbird

/// The parts of a request that are passed on to other sources (clauses 4.3.6.4, 4.3.6.5 and 6.3.18).
extension Exchange {
    /// The names of the sources that the request has come through, first to last (RFC 9110 clause
    /// 7.6.3).
    var via: [String] {
        request.headers[values: .via].flatMap { $0.split(separator: ",") }.compactMap { entry in
            let words = entry.split { $0 == " " || $0 == "\t" }
            return words.count > 1 ? String(words[1]) : nil
        }
    }

    /// Throws when the request has come through this hub before, unless it asks for what the hub has
    /// itself (clause 6.3.18).
    func requireNoLoop() throws(BrokerError) {
        guard request.headers[.via] != nil else { return }
        guard via.contains(hub.federating.alias(of: caller.tenant)) else { return }
        guard try !items.flag("local") else { return }
        throw BrokerError(.loopDetected, "The request has come through this hub before.")
    }

    /// How the retrieval of an entity may be passed on; nil where it is local.
    func forwardingOfRetrieval(_ parameters: EntityParameters) throws(BrokerError) -> Forwarding? {
        guard try isPassedOn(parameters) else { return nil }
        let selection = EntitySelection(
            types: try parameters.typeCondition(),
            ids: [try entityID()]
        )
        return forwarding([selection], parameters.ld)
    }

    /// How a query may be passed on; nil where it is local.
    ///
    /// `selectors` are those of a Query in a body.
    func forwardingOfQuery(
        _ parameters: EntityParameters,
        selectors: Condition?
    ) throws(BrokerError) -> Forwarding? {
        guard try isPassedOn(parameters) else { return nil }
        let items = parameters.items
        var selections: [EntitySelection] = []
        switch selectors {
        case .any(let several)?: selections = several.map { EntitySelection($0) }
        case let one?: selections = [EntitySelection(one)]
        case nil:
            let pattern = try items.text("idPattern")
            selections.append(
                EntitySelection(
                    types: try parameters.typeCondition(),
                    ids: try parameters.ids(),
                    idPattern: try pattern.map { text throws(BrokerError) in
                        try EntityParameters.pattern(text)
                    }
                )
            )
        }
        var forwarding = forwarding(selections, parameters.ld)
        forwarding.filters = Self.filters.compactMap { name in
            items[name].map { KeyValuePair(key: name, value: $0) }
        }
        forwarding.csf = try parameters.sourceCondition()
        forwarding.expectsSplitEntities = try parameters.expectsSplitEntities()
        return forwarding
    }

    /// How a purge may be passed on; nil where it is local.
    ///
    /// Which attributes an entity must have is a filter of it.
    func forwardingOfPurge(_ parameters: EntityParameters) throws(BrokerError) -> Forwarding? {
        guard var forwarding = try forwardingOfQuery(parameters, selectors: nil) else { return nil }
        if let names = parameters.items["attrs"] {
            forwarding.filters.append(KeyValuePair(key: "attrs", value: names))
        }
        return forwarding
    }

    private static let filters = [
        "q", "expandValues", "jsonKeys", "scopeQ", "georel", "geometry", "coordinates",
        "geoproperty",
    ]

    private func isPassedOn(_ parameters: EntityParameters) throws(BrokerError) -> Bool {
        try !parameters.isLocal() && caller.tenant?.snapshot == nil
    }

    func forwarding(_ selections: [EntitySelection], _ ld: LDContext) -> Forwarding {
        Forwarding(context: ld, via: via, selections: selections) { [headers = request.headers] in
            guard let name = HTTPField.Name($0) else { return nil }
            return headers[name]
        }
    }
}

extension HTTPField.Name {
    /// The sources that a request came through (clause 6.3.18).
    static let via = known("Via")
}
