import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

/// OGC API – Features, part 1 (OGC 17-069r4): each entity type is a collection, each entity a feature.
///
/// Programs of geographic information, such as QGIS and GDAL, read a hub in this way with nothing installed.
extension NGSILDRoutes {
    mutating func addFeatureRoutes() {
        addDocuments()
        addCollections()
        addItems()
    }

    private static let answerType = QueryParameter("f", "json, the only type of answers")

    private mutating func addDocuments() {
        let (hub, settings) = (hub, settings)
        table.landingPage = { request, context in
            let exchange = try Exchange(hub: hub, settings: settings, request, context)
            var response = exchange.json(FeatureDocuments(exchange).landingPage)
            response.headers[.vary] = "Accept"
            return response
        }
        add(
            feature("/conformance", "List the conformance classes of OGC API – Features")
        ) { exchange in
            let classes = FeatureDocuments.conformanceClasses.map(JSONValue.string)
            return exchange.json(["conformsTo": .array(classes)])
        }
        add(feature("/api", "Describe the features' routes (OpenAPI 3.0)")) { exchange in
            .json(
                FeatureDocuments(exchange).openAPI,
                contentType: FeatureDocuments.openAPIMediaType
            )
        }
    }

    private mutating func addCollections() {
        add(feature("/collections", "List entity types as collections of features")) { exchange in
            let ld = try await exchange.ldContext()
            let types = try await exchange.hub.reading.typeNames(caller: exchange.caller)
                .information
            let names = CollectionNames(types, ld)
            return exchange.json(FeatureDocuments(exchange).collections(types.map(names.name)))
        }
        add(
            feature("/collections/{collectionId}", "Tell about an entity type as a collection")
        ) { exchange in
            let name = try await exchange.collection().name
            return exchange.json(FeatureDocuments(exchange).collection(name))
        }
    }

    private mutating func addItems() {
        let items = "/collections/{collectionId}/items"
        add(
            feature(
                items,
                "Query entities of a type as features",
                query: [
                    QueryParameter("bbox", "west,south,east,north in degrees (WGS 84)"),
                    QueryParameter(
                        "datetime",
                        "When features were last changed: a moment, or from/to"
                    ),
                    QueryParameter("q", "Which features, in the query language of NGSI-LD"),
                    QueryParameter("limit", "Features of a page; 10", kind: .integer),
                    QueryParameter("offset", "Features before the page", kind: .integer),
                    QueryParameter("crs", "CRS84, the only one"),
                    QueryParameter("bbox-crs", "CRS84, the only one"),
                ],
                answers: MediaType.geoJSON.rawValue
            )
        ) { try await $0.answerFeatures() }
        add(
            feature(
                items + "/{featureId}",
                "Retrieve an entity as a feature",
                answers: MediaType.geoJSON.rawValue
            )
        ) { try await $0.answerFeature() }
    }

    private func feature(
        _ path: String,
        _ summary: String,
        query: [QueryParameter] = [],
        answers: String = "application/json"
    ) -> RouteDescription {
        RouteDescription(
            .get,
            path,
            .features,
            summary,
            query: [Self.answerType] + query,
            answers: answers
        )
    }
}

extension Exchange {
    /// The entity type that the path names, and its name there; throws when the caller sees no entity of it.
    func collection() async throws -> (type: IRI, name: String, ld: LDContext) {
        let name = try capture("collectionId")
        let ld = try await ldContext()
        let type = ld.expand(name)
        let first = EntityQuery(condition: .type(type), limit: 1)
        let found = try await hub.reading.queryEntities(first, caller: caller)
        if !found.page.entities.isEmpty { return (type, name, ld) }
        let types = try await hub.reading.typeNames(caller: caller).information
        guard let type = CollectionNames(types, ld).type(name) else {
            throw BrokerError(.resourceNotFound, "There is no collection '\(name)'.")
        }
        return (type, name, ld)
    }

    fileprivate func answerFeatures() async throws -> Response {
        let (type, name, ld) = try await collection()
        let parameters = FeatureParameters(items: items, limits: hub.limits, ld: ld)
        let query = try parameters.query(of: type)
        let found = try await hub.reading.queryEntities(query, caller: caller)
        let features = FeatureWriter(FeatureDocuments(self), ld)
        let bytes = try await writing(features.length(of: found.page)) {
            try features.collection(found.page, of: name, query)
        }
        return answer(bytes, .geoJSON, ld: nil, headers: Self.crs)
    }

    fileprivate func answerFeature() async throws -> Response {
        let (type, name, ld) = try await collection()
        let found = try await hub.reading.retrieveEntity(
            try entityID("featureId"),
            where: .type(type),
            shownAs: Representation(),
            caller: caller
        )
        let features = FeatureWriter(FeatureDocuments(self), ld)
        let bytes = try features.feature(found.answer.entity, of: name)
        return answer(bytes, .geoJSON, ld: nil, headers: Self.crs)
    }

    private static let crs: HTTPFields = [
        .contentCRS: "<\(FeatureDocuments.crs84)>"
    ]
}

extension HTTPField.Name {
    /// The coordinate reference system of an answer (OGC 18-058r1 clause 6.5).
    fileprivate static let contentCRS = known("Content-Crs")
}
