import Broker
import ContextModel
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
            let id = try await exchange.hub.writing.createEntity(
                json,
                ld: ld,
                caller: exchange.caller
            )
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
                    try await exchange.hub.reading.entities(listedIn: map, caller: exchange.caller)
                )
            }
            try await exchange.hub.writing.purgeEntities(
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
            try await exchange.hub.writing.replaceEntity(
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
            try await exchange.hub.writing.mergeEntity(
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
            try await exchange.hub.writing.deleteEntity(
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

    /// The answer: 204, or 207 when some attributes stayed as they were (clause 5.2.18).
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
    /// The text with blanks replaced by pluses: decoding a URL's query turns the plus of
    /// `2026-01-31T08:00:00+07:00` into a blank.
    var replacingBlanks: String { String(map { $0 == " " ? "+" : $0 }) }
}
