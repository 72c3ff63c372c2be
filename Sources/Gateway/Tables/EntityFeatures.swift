import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Storage

/// The present state of entities as one FeatureCollection of GeoJSON (RFC 7946), piece after piece.
struct EntityFeatures: DownloadPieces {
    private let writer: GeoJSONWriter
    /// The `@context` at the end of the collection; nil where the header has it.
    private let context: JSONValue?
    private var batches: EntityBatches
    private var state = State.beginning

    private enum State: Sendable {
        case beginning, empty, going, ended
    }

    init(_ writer: GeoJSONWriter, context: JSONValue?, _ batches: EntityBatches) {
        self.writer = writer
        self.context = context
        self.batches = batches
    }

    var waitingCount: Int { batches.count }

    mutating func next() async throws -> [UInt8]? {
        guard state != .ended else { return nil }
        let batch = try await batches.next()
        var bytes = state == .beginning ? ReadingFeatures.head : []
        if state == .beginning { state = .empty }
        guard let batch else {
            state = .ended
            return bytes + tail
        }
        for encoded in batch.page.entities {
            if state == .going { bytes.append(UInt8(ascii: ",")) }
            state = .going
            var json = JSONWriter()
            writer.write(try encoded.value(), to: &json)
            bytes += json.bytes
        }
        return bytes
    }

    private var tail: [UInt8] {
        guard let context else { return ReadingFeatures.tail }
        return Array("],\"@context\":\(context.text)}".utf8)
    }
}

extension Exchange {
    /// Whether all entities of a query are asked for as GeoJSON by an address: `format=geojson` without a limit.
    ///
    /// By its media type it is the standard's, with pages. What other sources have is in pages, too.
    func wantsAllFeatures(_ parameters: EntityParameters) async throws -> Bool {
        let items = parameters.items
        guard items["format"]?.split(separator: ",").contains("geojson") == true,
            parameters.isWhole, items["join"] == nil, try !items.flag("count"),
            try !items.flag("entityMap"), request.headers[.entityMap] == nil
        else { return false }
        if try parameters.isLocal() { return true }
        return try await !hub.federating.hasSources(caller.tenant)
    }

    /// All entities of a query as one collection.
    func answerFeatures(
        _ parameters: EntityParameters,
        _ query: EntityQuery
    ) async throws
        -> Response
    {
        let representation = try parameters.representation()
        let batches = try await hub.reading.batches(
            of: query,
            isWhole: true,
            shownAs: representation,
            caller: caller
        )
        let ld = parameters.ld
        let writer = try geoWriter(EntityWriter(representation, context: ld))
        let features = EntityFeatures(
            writer,
            context: embedsContext ? ld.embedded : .none,
            batches
        )
        var headers = try await headers(linkingTo: ld, .geoJSON)
        if let link = ld.link { headers.append(HTTPField(name: .link, value: link)) }
        return try await answer(features, .geoJSON, headers: headers)
    }
}
