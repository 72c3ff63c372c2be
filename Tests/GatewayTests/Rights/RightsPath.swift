import ContextModel
import HTTPTypes
import Testing

@testable import Gateway

/// A way in which the hub tells of data.
struct RightsPath: Sendable, CustomTestStringConvertible {
    let name: String
    /// With `{type}`, `{entity}`, `{marker}`, `{place}` and `{made}` for what is asked about.
    private let request: WorldRequest
    /// Made first, and then named in the request.
    private let first: WorldRequest?
    /// What in an answer tells of the entity.
    private let sign: Sign

    private enum Sign { case marker, entity, count }

    private init(
        _ name: String,
        _ uri: String,
        _ body: String? = nil,
        headers: [String: String] = [:],
        first: WorldRequest? = nil,
        sign: Sign = .marker
    ) {
        self.name = name
        let method = body == nil ? HTTPRequest.Method.get : .post
        request = WorldRequest(method: method, uri: uri, body: body, headers: headers)
        self.first = first
        self.sign = sign
    }

    var testDescription: String { name }

    /// Whether another path needs the same to be made first.
    func needsSame(as other: RightsPath) -> Bool { first?.uri == other.first?.uri }

    /// Makes what the path needs, such as an EntityMap; what names it.
    func prepare(
        _ client: RightsClient,
        _ data: RightsClass,
        _ asker: RightsAsker
    ) async throws -> String? {
        guard let first else { return nil }
        let answer = try await client.send(filled(first, data, nil), as: asker)
        let json = try? JSONReader.read(Array(answer.body.utf8)).objectValue
        guard answer.status < 300, let made = answer.location ?? json?["id"]?.stringValue else {
            return nil
        }
        if first.uri.contains("snapshots") {
            let place = WorldRequest(uri: made)
            while try await client.send(place, as: asker).body.contains("preparing") {
                await Task.yield()
            }
        }
        return made.split(separator: "/").last.map { String($0).replacing("%3A", with: ":") }
    }

    func ask(
        _ client: RightsClient,
        _ data: RightsClass,
        _ asker: RightsAsker,
        made: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> RightsAnswer {
        var own = filled(request, data, made)
        own.headers.merge(headers) { $1 }
        return try await client.send(own, as: asker)
    }

    /// Whether the answer tells of the entity.
    func tells(_ answer: RightsAnswer, of data: RightsClass) -> Bool {
        guard (200..<300).contains(answer.status) else {
            return answer.text.contains(data.marker + " ")
        }
        return switch sign {
        case .marker: answer.text.contains(data.marker)
        case .entity: answer.text.contains(data.entity)
        case .count: answer.text.contains(/(?i)ngsild-results-count: [1-9]/)
        }
    }

    private func filled(
        _ request: WorldRequest,
        _ data: RightsClass,
        _ made: String?
    ) -> WorldRequest {
        func fill(_ text: String) -> String {
            text.replacing("{type}", with: data.type).replacing("{entity}", with: data.entity)
                .replacing("{marker}", with: data.marker).replacing("{place}", with: data.place)
                .replacing("{made}", with: made ?? "urn:none")
        }
        var own = request
        own.uri = fill(own.uri)
        own.body = own.body.map(fill)
        own.headers = own.headers.mapValues(fill)
        return own
    }
}

extension RightsPath {
    private static let entities = "/ngsi-ld/v1/entities"
    private static let temporal = "/ngsi-ld/v1/temporal/entities"
    private static let past =
        "timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=modifiedAt"
    private static let query = #"{"type": "Query", "entities": [{"type": "{type}"}]}"#
    private static let temporalQuery = """
        {"type": "Query", "entities": [{"type": "{type}"}], "temporalQ": {"timerel": "before",
         "timeAt": "2100-01-01T00:00:00Z", "timeproperty": "modifiedAt"}}
        """
    private static let snapshot = WorldRequest(
        method: .post,
        uri: "/ngsi-ld/v1/snapshots",
        body: """
            {"type": "Snapshot", "snapshotQueries": [\(query)],
             "snapshotTemporalQueries": [\(temporalQuery)]}
            """
    )
    private static let inSnapshot = ["NGSILD-Snapshot": "{made}"]
    private static let map = WorldRequest(uri: "/ngsi-ld/v1/entityMaps?type={type}")
    /// A filter that only the entity meets, and that its reader may use.
    private static let hit = "q=size==7"

    /// Every kind of read.
    static let all: [RightsPath] = reads + histories + tables + features + kept + discovery + pages

    private static let reads = [
        RightsPath("Retrieve", "\(entities)/{entity}"),
        RightsPath("Retrieve, simplified", "\(entities)/{entity}?options=keyValues"),
        RightsPath("Retrieve as GeoJSON", "\(entities)/{entity}", headers: geoJSON),
        RightsPath("Query by type", "\(entities)?type={type}"),
        RightsPath("Query by id", "\(entities)?id={entity}&type={type}"),
        RightsPath("Query by a value", "\(entities)?type={type}&\(hit)"),
        RightsPath("Query by the attribute", "\(entities)?attrs={marker}"),
        RightsPath("Query by the person", "\(entities)?q=patient==%22\(RightsWorld.person)%22"),
        RightsPath(
            "Query by place",
            "\(entities)?type={type}&georel=near%3BmaxDistance==1&geometry=Point&coordinates={place}"
        ),
        RightsPath("Query, sorted", "\(entities)?type={type}&orderBy=size"),
        RightsPath("Query as GeoJSON", "\(entities)?type={type}", headers: geoJSON),
        RightsPath("Query by POST", "/ngsi-ld/v1/entityOperations/query", query),
        RightsPath(
            "Query by another @context",
            "/ngsi-ld/v1/entityOperations/query",
            aliased,
            headers: ["Content-Type": "application/ld+json"]
        ),
        RightsPath(
            "Count the attribute",
            "\(entities)?attrs={marker}&count=true&limit=0",
            sign: .count
        ),
        RightsPath(
            "Query by whole names",
            "\(entities)?type=\(vocabulary){type}&attrs=\(vocabulary){marker}"
        ),
        RightsPath(
            "Query by what is linked",
            "\(entities)?type=\(RightsClass.linkType)&id=urn:x:link:{type}"
                + "&q=next%7B{type}:{marker}%7D&join=flat&joinLevel=1&count=true",
            sign: .count
        ),
        RightsPath(
            "Linked, inline",
            "\(entities)/urn:x:link:{type}?join=inline&joinLevel=1"
        ),
        RightsPath(
            "Linked, flat, in a query",
            "\(entities)?type=\(RightsClass.linkType)&id=urn:x:link:{type}&join=flat&joinLevel=1"
        ),
    ]

    private static let vocabulary = CoreContext.defaultVocabulary
        .replacing(":", with: "%3A").replacing("/", with: "%2F")
    private static let geoJSON = ["Accept": "application/geo+json"]
    /// Names the attribute and the type by words of its own.
    private static let aliased = """
        {"@context": {"alias": "\(CoreContext.defaultVocabulary){marker}",
          "Thing": "\(CoreContext.defaultVocabulary){type}"},
         "type": "Query", "entities": [{"type": "Thing"}], "attrs": ["alias"], "q": "alias"}
        """

    private static let aliasedTemporal = """
        {"@context": {"alias": "\(CoreContext.defaultVocabulary){marker}",
          "Thing": "\(CoreContext.defaultVocabulary){type}"},
         "type": "Query", "entities": [{"type": "Thing"}], "attrs": ["alias"], "q": "alias",
         "temporalQ": {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z",
          "timeproperty": "modifiedAt"}}
        """

    private static let histories = [
        RightsPath("Retrieve the evolution", "\(temporal)/{entity}?\(past)"),
        RightsPath("Evolution, simplified", "\(temporal)/{entity}?\(past)&options=temporalValues"),
        RightsPath(
            "Evolution, aggregated",
            "\(temporal)/{entity}?\(past)&options=aggregatedValues&aggrMethods=totalCount"
                + "&aggrPeriodDuration=PT0S"
        ),
        RightsPath("Query evolutions", "\(temporal)?type={type}&\(past)"),
        RightsPath("Query evolutions by a value", "\(temporal)?type={type}&\(past)&\(hit)"),
        RightsPath(
            "Query evolutions, aggregated",
            "\(temporal)?type={type}&\(past)&options=aggregatedValues"
                + "&aggrMethods=distinctCount&aggrPeriodDuration=PT0S"
        ),
        RightsPath(
            "Query evolutions by POST",
            "/ngsi-ld/v1/temporal/entityOperations/query",
            temporalQuery
        ),
        RightsPath(
            "Query evolutions by another @context",
            "/ngsi-ld/v1/temporal/entityOperations/query",
            aliasedTemporal,
            headers: ["Content-Type": "application/ld+json"]
        ),
    ]

    private static let tables = [
        RightsPath("Table of an entity", "\(entities)/{entity}?format=csv"),
        RightsPath("Table", "\(entities)?type={type}&format=csv"),
        RightsPath("Wide table", "\(entities)?type={type}&format=csv&layout=wide"),
        RightsPath("Table of readings", "\(temporal)?type={type}&format=csv"),
        RightsPath("Table of an evolution", "\(temporal)/{entity}?format=csv"),
        RightsPath(
            "Wide table of readings",
            "\(temporal)?type={type}&format=csv&layout=wide&attrs={marker}",
            // The header of the table repeats the names that were asked for.
            sign: .entity
        ),
        RightsPath(
            "Table of aggregates",
            "\(temporal)?type={type}&format=csv&aggrMethods=totalCount&aggrPeriodDuration=PT0S"
        ),
        RightsPath("Readings as GeoJSON", "\(temporal)?type={type}&format=geojson"),
    ]

    private static let things = "/sensorthings/v1.1"

    private static let features = [
        RightsPath("Features", "/collections/{type}/items"),
        RightsPath("A feature", "/collections/{type}/items/{entity}"),
        RightsPath("Catalogue", "/catalog"),
        RightsPath("Vector tile", "/tiles/{type}/0/0/0"),
        RightsPath("Events", "/events?type={type}&lastEventId=1970-01-01T00:00:00Z&once=true"),
        RightsPath("Things", "\(things)/Things?$top=1000"),
        RightsPath("A Thing", "\(things)/Things('{entity}')"),
        RightsPath("Properties of a Thing", "\(things)/Things('{entity}')/properties"),
        RightsPath(
            "A Thing found by its type",
            "\(things)/Things?$filter=properties/type%20eq%20'{type}'"
        ),
        RightsPath(
            "Along two relations",
            "\(things)/Things('{entity}')/Locations('{entity}')/Things"
        ),
        RightsPath(
            "Along three relations",
            "\(things)/Things('{entity}')/Locations('{entity}')/Things('{entity}')/properties"
        ),
        RightsPath(
            "Numbers of readings",
            "/aggregates?type={type}&attrs=size&from=2020-01-01&period=whole&by=entity"
                + "&timeproperty=modifiedAt",
            sign: .entity
        ),
        RightsPath("Tool: types", "/mcp", tool("list_types", "{}")),
        RightsPath("Tool: entities", "/mcp", tool("query_entities", #"{"type": "{type}"}"#)),
        RightsPath("Tool: history", "/mcp", tool("read_history", #"{"type": "{type}"}"#)),
    ]

    private static func tool(_ name: String, _ arguments: String) -> String {
        """
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
         "params": {"name": "\(name)", "arguments": \(arguments)}}
        """
    }

    private static let kept = [
        RightsPath(
            "Retrieve an EntityMap",
            "/ngsi-ld/v1/entityMaps/{made}",
            first: map,
            sign: .entity
        ),
        RightsPath(
            "Page of an EntityMap",
            "\(entities)?type={type}",
            headers: ["NGSILD-EntityMap": "{made}"],
            first: map
        ),
        RightsPath(
            "Retrieve in a snapshot",
            "\(entities)/{entity}",
            headers: inSnapshot,
            first: snapshot
        ),
        RightsPath(
            "Query in a snapshot",
            "\(entities)?type={type}",
            headers: inSnapshot,
            first: snapshot
        ),
        RightsPath(
            "Evolutions in a snapshot",
            "\(temporal)?type={type}&\(past)",
            headers: inSnapshot,
            first: snapshot
        ),
        RightsPath(
            "Types in a snapshot",
            "/ngsi-ld/v1/types?details=true",
            headers: inSnapshot,
            first: snapshot
        ),
    ]

    private static let discovery = [
        RightsPath("Types", "/ngsi-ld/v1/types?details=true"),
        RightsPath("A type", "/ngsi-ld/v1/types/{type}"),
        RightsPath("Attributes", "/ngsi-ld/v1/attributes"),
        RightsPath("An attribute", "/ngsi-ld/v1/attributes/{marker}"),
    ]

    private static let pages = [
        RightsPath("Page: now", "/"),
        RightsPath("Page: data", "/data"),
        RightsPath("Page: rows", "/data/rows?type={type}&from=2020-01-01"),
        RightsPath("Page: hub", "/hub"),
        RightsPath("Metrics", "/metrics"),
        RightsPath(
            "Own data",
            "/governance/v1/subjects/\(RightsWorld.person)/data"
        ),
        RightsPath(
            "Own accesses",
            "/governance/v1/subjects/\(RightsWorld.person)/accesses",
            sign: .entity
        ),
    ]
}
