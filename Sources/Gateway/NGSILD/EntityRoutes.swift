import Broker
import ContextModel
import Federation
import Governance
import HTTPTypes
import Hummingbird
import Storage

extension NGSILDRoutes {
    /// Adds the routes of entities (clauses 6.4 and 6.5).
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
            return try await exchange.answerCreation(json, ld)
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
            let parameters = exchange.parameters(ld)
            var condition = try parameters.query().condition
            let map = try exchange.referredEntityMap
            // The entities of a map are those of the hub alone.
            let forwarding =
                map == nil ? try exchange.forwardingOfPurge(parameters) : nil as Forwarding?
            if let map {
                condition = condition.and(
                    try await exchange.hub.reading.entities(listedIn: map, caller: exchange.caller)
                )
            }
            let result = try await exchange.hub.writing.purgeEntities(
                where: condition,
                try exchange.purgeExtent(ld),
                forwarding: forwarding,
                caller: exchange.caller
            )
            if !result.isWhole { return exchange.answer(failuresOf: result) }
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
            let change = try exchange.change(.replaceEntity, body: json, ld)
            let result = try await exchange.distributed(change, ld) { rest in
                try await exchange.hub.writing.replaceEntity(
                    change.id,
                    rest ?? json,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result, of: change.id) { exchange.answer(.noContent) }
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
            var change = try exchange.change(
                .mergeEntity,
                body: json,
                passing: ["options", "format", "observedAt", "lang"],
                ld
            )
            let (simplified, defaults) = (
                try exchange.mergesSimplified(), try exchange.mergeDefaults()
            )
            change.isSimplified = simplified
            let result = try await exchange.distributed(change, ld) { [change] rest in
                try await exchange.hub.writing.mergeEntity(
                    change.id,
                    rest ?? json,
                    isSimplified: simplified,
                    defaults: defaults,
                    types: change.types,
                    ld: ld,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result, of: change.id) { exchange.answer(.noContent) }
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
            let change = try exchange.change(.deleteEntity, ld)
            let result = try await exchange.distributed(change, ld) { _ in
                try await exchange.hub.writing.deleteEntity(
                    change.id,
                    types: change.types,
                    caller: exchange.caller
                )
            }
            return exchange.answer(result, of: change.id) { exchange.answer(.noContent) }
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

    /// The extent of a purge (clause 6.4.3.3): entities, or attributes by `drop` or `keep`.
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

    /// Whether the body of a merge is in the simplified representation (clause 6.5.3.4).
    fileprivate func mergesSimplified() throws(BrokerError) -> Bool {
        let known = ["normalized", "concise", "simplified", "keyValues"]
        let options = try items.options(of: known)
        let format = try items.text("format")
        if let format, !known.contains(format) {
            throw BrokerError(.invalidRequest, "The format '\(format)' is unknown here.")
        }
        return (format.map { [$0] } ?? options).contains { $0 == "simplified" || $0 == "keyValues" }
    }

    /// The parameters of a merge that are for all attributes (clause 6.5.3.4).
    func mergeDefaults() throws(BrokerError) -> MergeDefaults {
        var defaults = MergeDefaults(language: try items.text("lang"))
        if let language = defaults.language, !LanguageTag.isValid(language) {
            throw BrokerError(.badRequestData, "lang is one language tag here, not '\(language)'.")
        }
        if let text = try items.text("observedAt") {
            guard let time = Timestamp(dateTime: text) else {
                throw BrokerError(
                    .badRequestData,
                    "observedAt is not \(Timestamp.dateTimeFormat): '\(text)'."
                )
            }
            defaults.observedAt = time
        }
        return defaults
    }

    /// The expanded name; throws when an attribute cannot have it (clause 4.6.2).
    func attributeName(_ name: String, _ ld: LDContext) throws(BrokerError) -> IRI {
        do throws(EntityError) {
            return try EntityReader(context: ld).attributeName(name)
        } catch {
            throw BrokerError(error)
        }
    }

    /// Creates an entity here and at sources, and answers (clause 6.4.3.1).
    fileprivate func answerCreation(_ json: JSONValue, _ ld: LDContext) async throws -> Response {
        let create = { (body: JSONValue) in
            try await hub.writing.createEntity(body, ld: ld, caller: caller)
        }
        // One without a usable identifier is refused here, whoever might take it.
        guard let id = json.entityID, URIText.isValid(id.uri) else {
            _ = try await create(json)
            throw BrokerError(.badRequestData, "The entity has no 'id'.")
        }
        let change = DistributedChange(.createEntity, of: id, body: json)
        let result = try await distributed(change, ld) { try await create($0 ?? json) }
        return answer(result, of: id) {
            created(at: "\(Paths.entities)/\(QueryItems.encode(id.uri))")
        }
    }
}

extension String {
    /// The text with blanks replaced by pluses: decoding a URL's query turns the plus of
    /// `2026-01-31T08:00:00+07:00` into a blank.
    var replacingBlanks: String { String(map { $0 == " " ? "+" : $0 }) }
}
