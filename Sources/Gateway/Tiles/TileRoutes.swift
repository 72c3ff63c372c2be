import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import Storage

/// Vector tiles of the collections, which maps in browsers and GIS programs draw (TileJSON 3.0, MVT 2.1).
extension NGSILDRoutes {
    mutating func addTileRoutes() {
        add(
            RouteDescription(
                .get,
                "/tiles/{collectionId}",
                .features,
                "Describe the vector tiles of an entity type (TileJSON)",
                query: Self.tileQuery,
                answers: MediaType.json.rawValue
            )
        ) { try await $0.answerTileDescription() }
        add(
            RouteDescription(
                .get,
                "/tiles/{collectionId}/{zoom}/{column}/{row}",
                .features,
                "Draw a vector tile of an entity type; the row may end with .mvt",
                query: Self.tileQuery,
                answers: TileWriter.mediaType
            )
        ) { try await $0.answerTile() }
    }

    private static let tileQuery = [QueryParameter("q", "Condition on attribute values")]
}

extension TileWriter {
    static let mediaType = "application/vnd.mapbox-vector-tile"
    /// So many entities of a tile are drawn as they are; more are clustered.
    static let mostEntities = 2_000
}

extension Exchange {
    fileprivate func answerTileDescription() async throws -> Response {
        let (type, name, ld) = try await collection()
        let columns = try await hub.reading.columns(ofTypes: .type(type), caller: caller)
            .information
        let fields = columns.filter { $0 != .location }.map { column in
            (key: ld.compact(column), value: JSONValue.string("attribute"))
        }
        let query = items["q"].map { "?q=" + QueryItems.encode($0) } ?? ""
        let address = "\(base)/tiles/\(QueryItems.encode(name))/{z}/{x}/{y}.mvt\(query)"
        return json([
            "tilejson": "3.0.0", "name": .string(name), "scheme": "xyz",
            "tiles": [.string(address)], "minzoom": 0,
            "maxzoom": .number(JSONNumber(TilePlace.maximumZoom)),
            "vector_layers": [
                ["id": .string(name), "fields": .object(JSONObject(fields))]
            ],
        ])
    }

    fileprivate func answerTile() async throws -> Response {
        let (type, name, ld) = try await collection()
        let row = try capture("row").replacing(".mvt", with: "").replacing(".pbf", with: "")
        guard let zoom = Int(try capture("zoom")), let x = Int(try capture("column")),
            let y = Int(row), let tile = TilePlace(zoom: zoom, x: x, y: y)
        else {
            throw BrokerError(
                .resourceNotFound,
                "There is no such tile; zoom goes to \(TilePlace.maximumZoom), columns and rows to 2^zoom - 1."
            )
        }
        let condition = Condition.type(type).and(try parameters(ld).condition())
        let found = try await hub.reading.tile(
            condition,
            in: tile.box(margin: TileGeometry.margin),
            mostEntities: TileWriter.mostEntities,
            caller: caller
        )
        let entities = EntityWriter(Representation(format: .simplified), context: ld)
        var writer = TileWriter(tile, of: name, entities)
        let bytes = writer.bytes(of: found.shown)
        var response = answer(bytes, .json, ld: nil)
        response.headers[.contentType] = TileWriter.mediaType
        return response
    }
}
