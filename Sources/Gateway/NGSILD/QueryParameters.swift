/// The query parameters of clause 6, each described once.
extension QueryParameter {
    static let type = QueryParameter("type", "Entity types: A,B or (A|B);C")
    static let options = QueryParameter("options", "Comma-separated options of the request")
    static let format = QueryParameter(
        "format",
        "normalized, concise or simplified; csv or geojson"
    )
    static let lang = QueryParameter("lang", "Preferred natural languages, best first")
    static let attrs = QueryParameter(
        "attrs",
        "Attributes, one of which entities must have; only they are shown"
    )
    static let sysAttrs = QueryParameter(
        "sysAttrs",
        "Show createdAt and modifiedAt",
        kind: .boolean
    )
    static let observedAt = QueryParameter("observedAt", "A common time for merged attributes")
    static let datasetID = QueryParameter("datasetId", "Attribute instances meant")
    static let deleteAll = QueryParameter(
        "deleteAll",
        "Delete every instance of the attribute",
        kind: .boolean
    )
}

extension [QueryParameter] {
    /// The selection of entities (clause 5.7.2).
    static let selection: [QueryParameter] = [
        .type,
        QueryParameter("id", "Entity identifiers"),
        QueryParameter("idPattern", "POSIX regular expression for identifiers"),
        .attrs,
        QueryParameter("q", "Condition on attribute values"),
        QueryParameter("expandValues", "Attributes whose values in q are terms to expand"),
        QueryParameter("jsonKeys", "Attributes whose members in q are plain JSON, not terms"),
        QueryParameter("scopeQ", "Condition on scopes"),
        QueryParameter("georel", "near;maxDistance==…, within, contains, intersects, …"),
        QueryParameter("geometry", "Type of the reference geometry"),
        QueryParameter("coordinates", "Coordinates of the reference geometry"),
        QueryParameter("geoproperty", "GeoProperty tested; location unless named"),
        QueryParameter("csf", "Condition on context sources"),
        QueryParameter(
            "splitEntities",
            "Entities may be in parts at several sources",
            kind: .boolean
        ),
    ]

    /// The page of a long answer (clauses 6.3.10 and 6.3.13).
    static let page: [QueryParameter] = [
        QueryParameter("limit", "Results of a page", kind: .integer),
        QueryParameter("offset", "Results before the page", kind: .integer),
        QueryParameter("count", "Tell how many there are", kind: .boolean),
    ]

    /// The page of a long answer, and the order (clause 4.23).
    static let paging: [QueryParameter] =
        .page + [
            QueryParameter("orderBy", "Sort keys: name, name;desc, location;dist-asc"),
            QueryParameter("orderFrom", "Coordinates that distances are measured from"),
            QueryParameter("orderGeometry", "Type of the geometry in orderFrom"),
            QueryParameter("collation", "Collation of sorted text"),
        ]

    /// The representation of entities (clauses 6.3.7 and 6.3.11).
    static let presentation: [QueryParameter] = [
        .options, .format, .lang, .datasetID,
        QueryParameter("pick", "Members shown: name,locatedAt{name}"),
        QueryParameter("omit", "Members left out: name,locatedAt{name}"),
        .sysAttrs,
        QueryParameter("geometryProperty", "GeoProperty that becomes the GeoJSON geometry"),
        QueryParameter("layout", "Rows of a table: long (a reading each) or wide"),
    ]

    /// The Linked Entities to add (clause 4.5.23).
    static let linking: [QueryParameter] = [
        QueryParameter("join", "How Linked Entities are added: inline, flat or @none"),
        QueryParameter("joinLevel", "Links followed one after another; 1", kind: .integer),
        QueryParameter("containedBy", "Entities not to be added, as the caller has them"),
    ]

    /// The EntityMap for later pages (clause 5.5.14).
    static let mapping: [QueryParameter] = [
        QueryParameter("entityMap", "Make an EntityMap and name it", kind: .boolean),
        QueryParameter("entityMapLifetime", "ISO 8601 duration an EntityMap is to be kept"),
    ]

    /// The range of time (clause 4.11).
    static let moments: [QueryParameter] = [
        QueryParameter("timerel", "before, after or between"),
        QueryParameter("timeAt", "DateTime of timerel"),
        QueryParameter("endTimeAt", "Second DateTime of timerel=between"),
        QueryParameter("timeproperty", "observedAt, createdAt, modifiedAt or deletedAt"),
    ]

    /// The range of time, and the aggregation (clause 4.11).
    static let time: [QueryParameter] =
        .moments + [
            QueryParameter("lastN", "Newest instances of each attribute", kind: .integer),
            QueryParameter("aggrMethods", "sum, avg, min, max, stddev, sumsq, totalCount, …"),
            QueryParameter("aggrPeriodDuration", "ISO 8601 duration of a period"),
        ]
}
