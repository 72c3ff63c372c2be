import Broker
import ContextModel
import HTTPTypes
import Hummingbird

extension Exchange {
    /// The links to the previous and next pages (clause 6.3.10).
    ///
    /// `pageLast` puts the parameters of the page after the others.
    func pageLinks(
        offset: Int,
        limit: Int,
        hasMore: Bool,
        pageLast: Bool = false,
        use: EntityMapUse? = nil
    ) -> [GeoJSONWriter.PageLink] {
        let path = request.uri.path
        // Links have the usual path of the resource, even if the client added a slash.
        let resource = path.hasSuffix("/") ? String(path.dropLast()) : path
        func link(_ relation: String, _ offset: Int) -> GeoJSONWriter.PageLink {
            var (items, page) = (items, QueryItems())
            for name in ["limit", "offset"] { items[name] = nil }
            page["limit"] = String(limit)
            page["offset"] = String(offset)
            return .init(relation, "\(resource)?\(items.with(page, last: pageLast))")
        }
        guard limit > 0 else { return [] }
        var links: [GeoJSONWriter.PageLink] = []
        if offset > 0 { links.append(link("prev", use?.previous ?? max(0, offset - limit))) }
        if hasMore { links.append(link("next", use?.next ?? offset + limit)) }
        return links
    }

    /// The headers with the links and the count (clauses 6.3.10 and 6.3.13).
    func pageHeaders(
        _ type: MediaType,
        _ links: [GeoJSONWriter.PageLink],
        count: Int?,
        use: EntityMapUse? = nil
    ) -> HTTPFields {
        var headers = headers(forEntityMap: use?.id)
        if let count { headers[.resultsCount] = String(count) }
        for link in links {
            let value = "<\(link.target)>; rel=\"\(link.relation)\"; type=\"\(type.rawValue)\""
            headers.append(HTTPField(name: .link, value: value))
        }
        return headers
    }
}
