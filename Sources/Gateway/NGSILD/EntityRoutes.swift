import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Storage

extension NGSILDRoutes {
    /// Entities (clauses 6.4 and 6.5).
    mutating func addEntityRoutes() {
        addCreateEntity()
        addQueryEntities()
        addPurgeEntities()
        addRetrieveEntity()
        addReplaceEntity()
        addMergeEntity()
        addDeleteEntity()
    }

    private mutating func addCreateEntity() {
        add(
            RouteDescription(
                .post,
                Paths.entities,
                .contextInformation,
                "Create an entity",
                clause: "6.4.3.1",
                accepts: bodies,
                body: .entity,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write)
            let id = try await exchange.hub.createEntity(json, ld: ld, caller: exchange.caller)
            return exchange.created(at: "\(Paths.entities)/\(QueryItems.encode(id.uri))")
        }
    }

    private mutating func addQueryEntities() {
        add(
            RouteDescription(
                .get,
                Paths.entities,
                .contextInformation,
                "Query entities",
                clause: "6.4.3.2",
                query: .selection + .paging + .presentation + .linking + .mapping,
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            return try await exchange.answerQuery(exchange.items, selectors: nil, ld: ld)
        }
    }

    private mutating func addPurgeEntities() {
        add(
            RouteDescription(
                .delete,
                Paths.entities,
                .contextInformation,
                "Purge entities",
                clause: "6.4.3.3",
                query: .selection + [
                    QueryParameter("keep", "Attributes that stay; all others go"),
                    QueryParameter("drop", "Attributes that go"),
                ],
                status: 204
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            var condition = try exchange.parameters(ld).query().condition
            let map = try exchange.referredEntityMap
            if let map {
                condition = condition.and(
                    try await exchange.hub.entities(listedIn: map, caller: exchange.caller)
                )
            }
            try await exchange.hub.purgeEntities(
                where: condition,
                try exchange.purgeExtent(ld),
                caller: exchange.caller
            )
            return exchange.answer(.noContent, headers: exchange.headers(forEntityMap: map))
        }
    }

    private mutating func addRetrieveEntity() {
        add(
            RouteDescription(
                .get,
                Paths.entity,
                .contextInformation,
                "Retrieve an entity",
                clause: "6.5.3.1",
                query: [.type, .attrs] + .presentation + .linking + .mapping,
                answers: "application/json"
            )
        ) { try await $0.answerEntity() }
    }

    private mutating func addReplaceEntity() {
        add(
            RouteDescription(
                .put,
                Paths.entity,
                .contextInformation,
                "Replace an entity",
                clause: "6.5.3.3",
                query: [.type],
                accepts: bodies,
                body: .entityFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write)
            try await exchange.hub.replaceEntity(
                try exchange.entityID(),
                json,
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }

    private mutating func addMergeEntity() {
        add(
            RouteDescription(
                .patch,
                Paths.entity,
                .contextInformation,
                "Merge an entity",
                clause: "6.5.3.4",
                query: [.type, .options, .format, .observedAt, .lang],
                accepts: patches,
                body: .entityFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .write, allowing: patchTypes)
            try await exchange.hub.mergeEntity(
                try exchange.entityID(),
                json,
                isSimplified: exchange.mergesSimplified(),
                defaults: try exchange.mergeDefaults(),
                types: exchange.parameters(ld).typeCondition(),
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }

    private mutating func addDeleteEntity() {
        add(
            RouteDescription(
                .delete,
                Paths.entity,
                .contextInformation,
                "Delete an entity",
                clause: "6.5.3.2",
                query: [.type],
                status: 204
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            try await exchange.hub.deleteEntity(
                try exchange.entityID(),
                types: exchange.parameters(ld).typeCondition(),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}

/// The media types of bodies (clause 6.3.4).
let bodies = [MediaType.json, .jsonLD].map(\.rawValue)
let patchTypes: [MediaType] = [.json, .jsonLD, .mergePatch]
let patches = patchTypes.map(\.rawValue)

extension Exchange {
    func parameters(_ ld: LDContext) -> EntityParameters {
        EntityParameters(items: items, ld: ld, limits: hub.limits)
    }

    /// What a purge takes (clause 6.4.3.3): entities, or attributes by `drop` or `keep`.
    fileprivate func purgeExtent(_ ld: LDContext) throws(BrokerError) -> PurgeExtent {
        let (kept, dropped) = (try items.list("keep"), try items.list("drop"))
        func attributes(_ names: [String]) throws(BrokerError) -> Set<IRI> {
            var attributes: Set<IRI> = []
            for name in names { attributes.insert(try attributeName(name, ld)) }
            return attributes
        }
        switch (kept, dropped) {
        case (nil, nil): return .entities
        case (nil, let names?): return .attributes(try attributes(names))
        case (let names?, nil): return .attributesExcept(try attributes(names))
        case (_?, _?):
            throw BrokerError(.badRequestData, "keep and drop exclude each other.")
        }
    }

    /// Whether the body of a merge is in the simplified form (clause 6.5.3.4).
    fileprivate func mergesSimplified() throws(BrokerError) -> Bool {
        let forms = ["normalized", "concise", "simplified", "keyValues"]
        let options = try items.options(of: forms)
        let format = try items.text("format")
        if let format, !forms.contains(format) {
            throw BrokerError(.invalidRequest, "The format '\(format)' is unknown here.")
        }
        return (format.map { [$0] } ?? options).contains { $0 == "simplified" || $0 == "keyValues" }
    }

    /// What a merge says for all attributes at once (clause 6.5.3.4).
    func mergeDefaults() throws(BrokerError) -> MergeDefaults {
        var defaults = MergeDefaults(language: try items.text("lang"))
        if let language = defaults.language, !LanguageTag.isValid(language) {
            throw BrokerError(.badRequestData, "lang is one language tag here, not '\(language)'.")
        }
        if let text = try items.text("observedAt") {
            guard let time = Timestamp(dateTime: text) else {
                throw BrokerError(
                    .badRequestData,
                    "observedAt is not \(Timestamp.dateTimeForm): '\(text)'."
                )
            }
            defaults.observedAt = time
        }
        return defaults
    }

    /// The expanded name, if it is one an attribute may have (clause 4.6.2).
    func attributeName(_ name: String, _ ld: LDContext) throws(BrokerError) -> IRI {
        do throws(EntityError) {
            return try EntityReader(context: ld).attributeName(name)
        } catch {
            throw BrokerError(error)
        }
    }

    /// The form of the answer that the caller accepts for entities.
    private func acceptedForEntities(_ items: QueryItems) throws(BrokerError) -> MediaType {
        let type = try accepted([.json, .jsonLD, .geoJSON])
        guard type == .geoJSON || items["geometryProperty"] == nil else {
            throw BrokerError(
                .badRequestData,
                "geometryProperty goes with 'Accept: application/geo+json' only."
            )
        }
        for name in ["format", "options"] {
            let words = items[name]?.split(separator: ",")
            if let form = words?.first(where: EntityParameters.isFormOfEvolutions) {
                throw BrokerError(
                    .invalidRequest,
                    "'\(form)' is a form of evolutions, not entities."
                )
            }
        }
        return type
    }

    /// Retrieve Entity in the accepted form.
    func answerEntity() async throws -> Response {
        let ld = try await ldContext()
        let type = try acceptedForEntities(items)
        let parameters = parameters(ld)
        let condition = try parameters.typeCondition().and(parameters.attributeCondition())
        var representation = try parameters.representation()
        representation.version = preferredVersion
        let map = try entityMapRequest(items, entities: nil, ld: ld)
        let found = try await hub.retrieveEntity(
            try entityID(),
            where: condition,
            shownAs: representation,
            caller: caller
        )
        let headers = try await retrievalHeaders(.entities, map)
        let entity = found.answer.entity
        let writer = EntityWriter(representation, context: ld, linked: found.answer.linked)
        let bytes =
            representation.join?.form == .flat
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

    /// Query Entities in the accepted form, with links to the pages around this one.
    func answerQuery(
        _ items: QueryItems,
        selectors: Condition?,
        entities: JSONValue? = nil,
        ld: LDContext
    ) async throws -> Response {
        let type = try acceptedForEntities(items)
        let (parameters, query) = try entityQuery(items, selectors: selectors, ld: ld)
        var representation = try parameters.representation()
        representation.version = preferredVersion
        let map = try entityMapRequest(items, entities: entities, ld: ld)
        let answer = try await found(query, through: map, shownAs: representation).answer
        let (page, use) = (answer.page, answer.map)
        let links = pageLinks(
            offset: query.offset,
            limit: query.limit,
            hasMore: page.hasMore,
            use: use
        )
        let writer = EntityWriter(representation, context: ld, linked: answer.linked)
        let bytes = try await written(page.entities, writer, type, links)
        var headers = pageHeaders(type, links, count: page.count, use: use)
        headers.append(contentsOf: try await self.headers(linkingTo: ld, type))
        return self.answer(
            bytes,
            type,
            ld: ld,
            status: versionStatus ?? Self.status(use),
            headers: headers
        )
    }

    /// An answer of one entity in the accepted form.
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

    /// An answer of several entities in the accepted form.
    private func written(
        _ list: [EncodedEntity],
        _ entities: EntityWriter,
        _ type: MediaType,
        _ links: [GeoJSONWriter.PageLink] = []
    ) async throws -> [UInt8] {
        let length = entities.length(of: list)
        return try await writing(length) {
            var writer = JSONWriter(reservingBytes: Self.reservedBytes(length, list.count))
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

    /// JSON has twice the bytes of what is stored, about; what Linked Entities add is not known.
    private static func reservedBytes(_ stored: Int, _ count: Int) -> Int {
        stored == .max ? 1_024 * (count + 1) : 2 * stored + 1_024
    }

    /// Writes an answer of about so many bytes; a long one on a thread for long work.
    @inline(__always)
    func writing(_ bytes: Int, _ body: () throws -> [UInt8]) async rethrows -> [UInt8] {
        guard LongWork.isLong(bytes) else { return try body() }
        return try await hub.longWork.run(for: caller.party) { try body() }
    }

    private func geoWriter(_ entities: EntityWriter) throws(BrokerError) -> GeoJSONWriter {
        let name = try items.text("geometryProperty")
        let dataset = try items.text("datasetId")
        return GeoJSONWriter(
            entities: entities,
            geometryProperty: name.map { entities.context.expand($0) } ?? .location,
            datasetID: dataset == "@none" ? nil : dataset
        )
    }

    /// The links to the pages before and after (clause 6.3.10).
    ///
    /// `pageLast` puts what is asked for before which page of it.
    func pageLinks(
        offset: Int,
        limit: Int,
        hasMore: Bool,
        pageLast: Bool = false,
        use: EntityMapUse? = nil
    ) -> [GeoJSONWriter.PageLink] {
        let path = request.uri.path
        // Links name the resource as it is named everywhere else, whatever the client wrote.
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

    /// The links, and the count (clauses 6.3.10 and 6.3.13).
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

    /// 204, or 207 when some attributes stayed as they were (clause 5.2.18).
    func answer(_ result: UpdateResult) -> Response {
        if result.notUpdated.isEmpty { return answer(.noContent) }
        let body: JSONValue = [
            "updated": .array(result.updated.map { .string($0.text) }),
            "notUpdated": .array(
                result.notUpdated.map {
                    [
                        "attributeName": .string($0.text),
                        "reason": "It exists and may not be overwritten, or it does not exist.",
                    ]
                }
            ),
        ]
        return answer(body.serialized, .json, ld: nil, status: .multiStatus)
    }
}

extension String {
    /// A plus that a URL's query turned into a blank, as in `2026-01-31T08:00:00+07:00`.
    var replacingBlanks: String { String(map { $0 == " " ? "+" : $0 }) }
}
