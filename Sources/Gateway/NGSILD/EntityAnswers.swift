import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Storage

extension Exchange {
    /// The media type that the caller accepts for entities.
    private func acceptedForEntities(_ items: QueryItems) throws(BrokerError) -> MediaType {
        let type = try accepted([.json, .jsonLD, .geoJSON, .csv], items)
        guard type == .geoJSON || items["geometryProperty"] == nil else {
            throw BrokerError(
                .badRequestData,
                "geometryProperty needs format=geojson, or 'Accept: application/geo+json'."
            )
        }
        for name in ["format", "options"] {
            let words = items[name]?.split(separator: ",")
            if let format = words?.first(where: EntityParameters.isFormatOfEvolutions) {
                throw BrokerError(
                    .invalidRequest,
                    "'\(format)' is a representation of evolutions, not of entities."
                )
            }
        }
        return type
    }

    /// The answer of Retrieve Entity in the accepted media type.
    func answerEntity() async throws -> Response {
        let ld = try await ldContext()
        let type = try acceptedForEntities(items)
        let parameters = parameters(ld)
        if type == .csv { return try await answerTable(of: try entityID(), ld) }
        let condition = try parameters.typeCondition().and(parameters.attributeCondition())
        var representation = try parameters.representation()
        representation.version = preferredVersion
        let map = try entityMapRequest(items, entities: nil, ld: ld)
        let found = try await hub.reading.retrieveEntity(
            try entityID(),
            where: condition,
            shownAs: representation,
            forwarding: try forwardingOfRetrieval(parameters),
            caller: caller
        )
        var headers = try await retrievalHeaders(.entities, map)
        headers.append(found.warnings)
        let entity = found.answer.entity
        let writer = EntityWriter(representation, context: ld, linked: found.answer.linked)
        let bytes =
            representation.join?.format == .flat
            ? try await written([entity], writer, type)
            : try await written(entity, writer, type)
        return answer(
            bytes,
            type,
            ld: ld,
            status: versionStatus ?? .ok,
            headers: headers
        )
    }

    /// The answer of Query Entities in the accepted media type, with links to other pages.
    func answerQuery(
        _ items: QueryItems,
        selectors: Condition?,
        entities: JSONValue? = nil,
        ld: LDContext
    ) async throws -> Response {
        let type = try acceptedForEntities(items)
        let (parameters, query) = try entityQuery(items, selectors: selectors, ld: ld)
        if type == .csv { return try await answerTable(parameters, query) }
        if type == .geoJSON, try await wantsAllFeatures(parameters) {
            return try await answerFeatures(parameters, query)
        }
        var representation = try parameters.representation()
        representation.version = preferredVersion
        let map = try entityMapRequest(items, entities: entities, ld: ld)
        let asked = EntityParameters(items: items, ld: ld, limits: hub.limits)
        let found = try await found(
            query,
            through: map,
            shownAs: representation,
            forwarding: try forwardingOfQuery(asked, selectors: selectors)
        )
        let (page, use) = (found.answer.page, found.answer.map)
        let links = pageLinks(
            offset: query.offset,
            limit: query.limit,
            hasMore: page.hasMore,
            use: use
        )
        let writer = EntityWriter(representation, context: ld, linked: found.answer.linked)
        let bytes = try await written(page.entities, writer, type, links)
        var headers = pageHeaders(type, links, count: page.count, use: use)
        headers.append(contentsOf: try await self.headers(linkingTo: ld, type))
        headers.append(found.warnings)
        return self.answer(
            bytes,
            type,
            ld: ld,
            status: versionStatus ?? Self.status(use),
            headers: headers
        )
    }

    /// The answer with one entity in the accepted media type.
    private func written(
        _ entity: EncodedEntity,
        _ entities: EntityWriter,
        _ type: MediaType
    ) async throws -> [UInt8] {
        try await writing(entities.length(of: [entity])) {
            var writer = JSONWriter(reservingBytes: 2_048)
            if type == .geoJSON {
                let geoWriter = try geoWriter(entities)
                geoWriter.write(try entity.decoded(), embedsContext: embedsContext, to: &writer)
            } else {
                try entities.write(entity, embedsContext: type == .jsonLD, to: &writer)
            }
            return writer.bytes
        }
    }

    /// The answer with several entities in the accepted media type.
    private func written(
        _ list: [EncodedEntity],
        _ entities: EntityWriter,
        _ type: MediaType,
        _ links: [GeoJSONWriter.PageLink] = []
    ) async throws -> [UInt8] {
        let length = entities.length(of: list)
        return try await writing(length) {
            var writer = JSONWriter(reservingBytes: Self.reservedBytes(length))
            if type == .geoJSON {
                try geoWriter(entities).write(
                    try list.map { try $0.decoded() },
                    links: links,
                    embedsContext: embedsContext,
                    to: &writer
                )
            } else {
                try entities.write(list, embedsContext: type == .jsonLD, to: &writer)
            }
            return writer.bytes
        }
    }

    private static let maximumReservedBytes = 4 << 20

    /// JSON has about twice the bytes of the stored form.
    private static func reservedBytes(_ stored: Int) -> Int {
        min(2 * stored + 1_024, maximumReservedBytes)
    }

    /// Writes an answer of about this many bytes.
    ///
    /// A long one is written on a thread for long work. Its memory is reserved with that of long
    /// answers, because its data is in memory while it waits for the thread.
    @inline(__always)
    func writing(_ bytes: Int, _ body: () throws -> [UInt8]) async throws -> [UInt8] {
        guard LongWork.isLong(bytes) else { return try body() }
        let held = try context.answers?.take(bytes, times: 2, for: caller.sharer)
        defer { withExtendedLifetime(held) {} }
        return try await hub.longWork.run(for: caller.sharer) { try body() }
    }

    /// The writer of features with the geometry that the parameters name.
    func geoWriter(_ entities: EntityWriter) throws(BrokerError) -> GeoJSONWriter {
        let name = try items.text("geometryProperty")
        let dataset = try items.text("datasetId")
        return GeoJSONWriter(
            entities: entities,
            geometryProperty: name.map { entities.context.expand($0) } ?? .location,
            datasetID: dataset == "@none" ? nil : dataset
        )
    }
}
