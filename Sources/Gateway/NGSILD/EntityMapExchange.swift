import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Storage

/// The parameters and headers about EntityMaps (clauses 5.5.14 and 6.4.3.2).
extension Exchange {
    /// The query for entities from the parameters and selectors.
    func entityQuery(
        _ items: QueryItems,
        selectors: Condition?,
        ld: LDContext
    ) throws(BrokerError) -> (EntityParameters, EntityQuery) {
        let parameters = EntityParameters(
            items: selectors == nil ? items : items.withLocal,
            ld: ld,
            limits: hub.limits
        )
        var query = try parameters.query()
        if let selectors { query.condition = query.condition.and(selectors) }
        return (parameters, query)
    }

    func found(
        _ query: EntityQuery,
        through map: EntityMapRequest?,
        shownAs representation: Representation,
        forwarding: Forwarding?
    ) async throws -> Disclosed<EntityAnswer> {
        guard let map else {
            return try await hub.reading.queryEntities(
                query,
                shownAs: representation,
                forwarding: forwarding,
                caller: caller
            )
        }
        // The map lists all entities, even if the page shows only a few.
        return try await hub.longWork.run(for: caller.sharer) {
            try await hub.reading.queryEntities(
                query,
                through: map,
                shownAs: representation,
                caller: caller
            )
        }
    }

    func found(
        _ query: TemporalQuery,
        through map: EntityMapRequest?,
        forwarding: Forwarding?
    ) async throws -> Disclosed<EvolutionAnswer> {
        guard let map else {
            return try await hub.reading.queryEvolutions(
                query,
                forwarding: forwarding,
                caller: caller
            )
        }
        return try await hub.longWork.run(for: caller.sharer) {
            try await hub.reading.queryEvolutions(query, through: map, caller: caller)
        }
    }

    /// The request for an EntityMap (clause 5.5.14); nil when there is none.
    func entityMapRequest(
        _ items: QueryItems,
        entities: JSONValue?,
        ld: LDContext
    ) throws(BrokerError) -> EntityMapRequest? {
        let id = try referredEntityMap
        guard try items.flag("entityMap") || id != nil else { return nil }
        var request = try newEntityMap(items, entities: entities, ld: ld)
        request.id = id
        return request
    }

    /// The request for a new EntityMap of the query.
    func newEntityMap(
        _ items: QueryItems,
        entities: JSONValue?,
        ld: LDContext
    ) throws(BrokerError) -> EntityMapRequest {
        var request = EntityMapRequest(selection: items.selection)
        request.selection += "\n\(entities?.text ?? "")\n\(ld.reference.text)"
        guard let text = try items.text("entityMapLifetime") else { return request }
        guard let lifetime = ISODuration(text) else {
            throw BrokerError(
                .badRequestData,
                "entityMapLifetime is not an ISO 8601 duration: '\(text)'; say PT10M, for example."
            )
        }
        request.lifetime = lifetime
        return request
    }

    /// The EntityMap that the request refers to by its URL or its identifier.
    var referredEntityMap: String? {
        get throws(BrokerError) {
            guard let value = request.headers[.entityMap] else { return nil }
            let place = value.firstRange(of: Paths.entityMaps + "/")
            let name = place.map { value[$0.upperBound...] } ?? value[...]
            guard let id = QueryItems.decode(name.utf8, plusIsBlank: false),
                !CombiningMarks.areTooMany(in: id), URIText.isValid(id)
            else {
                throw BrokerError(
                    .badRequestData,
                    "NGSILD-EntityMap names no EntityMap: '\(value)'."
                )
            }
            return id
        }
    }

    /// The header with the URL of the EntityMap (clause 6.4.3.2).
    func headers(forEntityMap id: String?) -> HTTPFields {
        guard let id else { return [:] }
        return [.entityMap: "\(Paths.entityMaps)/\(QueryItems.encode(id))"]
    }

    /// The header with the URL of the EntityMap of a retrieval, if the request asks for one
    /// (clause 6.5.3.1).
    ///
    /// Call it only when the caller may see the entity.
    func retrievalHeaders(
        _ subject: EntityMap.Subject,
        _ map: EntityMapRequest?
    ) async throws -> HTTPFields {
        guard let map else { return [:] }
        return headers(
            forEntityMap: try await hub.reading.entityMap(
                ofRetrieving: try entityID(),
                subject,
                map,
                caller: caller
            )
        )
    }

    /// The status: 201 when an EntityMap was created for the answer.
    static func status(_ use: EntityMapUse?) -> HTTPResponse.Status {
        use?.isNew ?? false ? .created : .ok
    }
}

extension QueryItems {
    /// The items with `local`, because the selectors of a Query narrow it in any case.
    fileprivate var withLocal: QueryItems {
        var items = self
        items["local"] = "true"
        return items
    }

    /// The selecting parameters as one text.
    fileprivate var selection: String {
        var selecting = self
        for name in Self.notSelecting { selecting[name] = nil }
        return selecting.urlQuery
    }

    private static let notSelecting = [
        "limit", "offset", "count", "entityMap", "entityMapLifetime", "options", "format", "lang",
        "sysAttrs", "geometryProperty", "join", "joinLevel", "containedBy", "omit", "datasetId",
        "orderBy", "orderFrom", "orderGeometry", "collation", "lastN", "aggrMethods",
        "aggrPeriodDuration", "local", "via",
    ]
}

extension HTTPField.Name {
    /// The URL of an EntityMap (clause 6.4.3.2).
    static let entityMap = known("NGSILD-EntityMap")
}
