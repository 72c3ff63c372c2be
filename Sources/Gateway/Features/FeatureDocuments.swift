import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Storage

/// The documents by which OGC API – Features introduces a hub and its collections (OGC 17-069r4 clause 7).
///
/// Links are absolute, because not every client resolves relative ones.
struct FeatureDocuments {
    static let crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    static let openAPIMediaType = "application/vnd.oai.openapi+json;version=3.0"
    static let conformanceClasses = ["core", "geojson", "oas30"].map {
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/\($0)"
    }

    /// Where the caller reaches the hub, without a slash at the end.
    let base: String
    /// The most features of a page.
    let mostFeatures: Int
    private let items: QueryItems

    init(_ exchange: Exchange) {
        items = exchange.items
        mostFeatures = exchange.hub.limits.maximumPage
        base = exchange.base
    }

    // MARK: Documents

    var landingPage: JSONValue {
        [
            "title": "Balai",
            "description": "A city's hub. Each entity type is a collection, each entity a feature.",
            "links": [
                link("self", "/", "application/json"),
                link("service-desc", "/api", Self.openAPIMediaType),
                link("conformance", "/conformance", "application/json"),
                link("data", "/collections", "application/json"),
            ],
        ]
    }

    func collections(_ names: [String]) -> JSONValue {
        [
            "links": [link("self", "/collections", "application/json")],
            "collections": .array(names.map(collection)),
        ]
    }

    func collection(_ name: String) -> JSONValue {
        let path = Self.path(of: name)
        return [
            "id": .string(name), "title": .string(name), "itemType": "feature",
            "crs": [.string(Self.crs84)],
            "links": [
                link("self", path, "application/json"),
                link("items", path + "/items", MediaType.geoJSON.rawValue),
            ],
        ]
    }

    // MARK: Links

    /// The links of a page: itself, its collection, and the pages beside it.
    func pageLinks(of name: String, _ query: EntityQuery, hasMore: Bool) -> JSONValue {
        let path = Self.path(of: name)
        func page(_ relation: String, _ offset: Int) -> JSONValue {
            var (others, place) = (items, QueryItems())
            for name in ["limit", "offset"] { others[name] = nil }
            place["limit"] = String(query.limit)
            place["offset"] = String(offset)
            return link(
                relation,
                "\(path)/items?\(others.with(place, last: false))",
                MediaType.geoJSON.rawValue
            )
        }
        var links = [
            page("self", query.offset), link("collection", path, "application/json"),
        ]
        if query.offset > 0 { links.append(page("prev", max(0, query.offset - query.limit))) }
        if hasMore { links.append(page("next", query.offset + query.limit)) }
        return .array(links)
    }

    func featureLinks(_ id: String, of name: String) -> JSONValue {
        let path = Self.path(of: name)
        return [
            link("self", "\(path)/items/\(QueryItems.encode(id))", MediaType.geoJSON.rawValue),
            link("collection", path, "application/json"),
        ]
    }

    private func link(_ relation: String, _ target: String, _ type: String) -> JSONValue {
        ["rel": .string(relation), "type": .string(type), "href": .string(base + target)]
    }

    private static func path(of name: String) -> String {
        "/collections/\(QueryItems.encode(name))"
    }
}

extension Exchange {
    /// The address at which the caller reaches the hub: the configured one, or else the one that it asked.
    var base: String {
        request.head.address(publicURL: settings.publicURL, hasTLS: settings.hasTLS)
    }

    /// A JSON answer of a route beside the standard.
    func json(_ value: JSONValue) -> Response { answer(value.serialized, .json, ld: nil) }
}
