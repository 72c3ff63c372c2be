package import ContextModel

/// A request to a source, without the protocol that it is sent by.
package struct SourceRequest: Sendable, Equatable {
    /// What of a request is JSON: its media type and its `@context`.
    package enum Body: Sendable, Equatable {
        /// Its `@context` is named beside it.
        case json(JSONValue)
        /// Its `@context` is inside.
        case jsonLD(JSONValue)
    }

    package var operation: DistributedOperation
    /// The address of the source, before the paths of the standard.
    package var endpoint: String
    package var tenant: String?
    package var entityID: EntityID?
    /// The name of the attribute that the operation is about.
    package var attribute: String?
    /// The instance of the attribute that the operation is about (clause 5.2.5).
    package var instance: String?
    package var parameters: [KeyValuePair] = []
    package var body: Body?
    /// The `@context` of names in the request, and wanted for those in the answer.
    package var contextURL: String?
    /// The media type that is wanted.
    package var accept = "application/json"
    /// The version of the specification that an answer should conform to; nil for any.
    package var version: String?
    /// The names of the sources that the request has come through, the asking one last.
    package var via: [String] = []
    /// What is conveyed beside (clause 4.3.6.5).
    package var info: [KeyValuePair] = []

    package init(_ operation: DistributedOperation, at endpoint: String) {
        self.operation = operation
        self.endpoint = endpoint
    }
}

/// The way in which requests are put to one source: its words, and what is conveyed beside.
package struct SourceManner: Sendable {
    /// The `@context` by which names are compacted.
    package var context: LDContext
    /// The names of the sources that the request has come through, the asking one last.
    package var via: [String]
    /// What the request conveyed that triggered this one; nil where it conveyed nothing by that
    /// key.
    package var conveyed: @Sendable (_ key: String) -> String?

    package init(
        context: LDContext,
        via: [String],
        conveyed: @escaping @Sendable (_ key: String) -> String? = { _ in nil }
    ) {
        self.context = context
        self.via = via
        self.conveyed = conveyed
    }

    /// The beginning of a request to the source.
    package func request(
        _ operation: DistributedOperation,
        to registration: ContextSourceRegistration
    ) -> SourceRequest {
        var request = SourceRequest(operation, at: registration.endpoint)
        request.tenant = registration.tenant
        request.via = via
        request.contextURL = context.isCore ? nil : context.url
        let info = ConveyedInfo(registration.info, from: conveyed)
        request.info = info.pairs
        request.accept = info.accept ?? request.accept
        request.version = info.version
        if registration.management.isLocalOnly {
            request.parameters.append(KeyValuePair(key: "local", value: "true"))
        }
        return request
    }
}

extension SourceQuestion {
    /// The request for a page of the source's answer; without a limit, of as many as the source likes.
    package func request(in manner: SourceManner, offset: Int, limit: Int?) -> SourceRequest {
        var request = manner.request(operation, to: registration)
        let context = manner.context
        func add(_ name: String, _ value: String) {
            request.parameters.append(KeyValuePair(key: name, value: value))
        }
        let names = attributes.map(context.compact)
        switch operation {
        case .retrieveEntity, .retrieveTemporal:
            request.entityID = ids.first
            // The source may have an entity of this identifier that is of another type.
            if let types = types.typeSelection(in: context) { add("type", types) }
            if !names.isEmpty { add("attrs", names.joined(separator: ",")) }
        case .queryBatch:
            request.body = .json(query(context, names))
        default:
            if let types = types.typeSelection(in: context) { add("type", types) }
            if !ids.isEmpty { add("id", ids.map(\.uri).joined(separator: ",")) }
            if let idPattern { add("idPattern", idPattern.text) }
            if !names.isEmpty { add("attrs", names.joined(separator: ",")) }
            request.parameters += filters
        }
        request.parameters += history?.parameters ?? []
        // Which of two values is newer may be known by their modifiedAt alone (clause 4.5.5.3).
        add("options", "sysAttrs")
        if !isRetrieval {
            if let limit { add("limit", String(limit)) }
            if offset > 0 { add("offset", String(offset)) }
        }
        return request
    }

    /// The question as a Query (clause 5.2.23).
    private func query(_ context: LDContext, _ names: [String]) -> JSONValue {
        var selector = JSONObject()
        if let types = types.typeSelection(in: context) { selector["type"] = .string(types) }
        if let idPattern { selector["idPattern"] = .string(idPattern.text) }
        var selectors = [JSONValue.object(selector)]
        if !ids.isEmpty {
            selectors = ids.map { id in
                var one = selector
                one["id"] = .string(id.uri)
                return .object(one)
            }
        }
        var query: JSONObject = ["type": "Query", "entities": .array(selectors)]
        if !names.isEmpty { query["attrs"] = .array(names.map { .string($0) }) }
        var place = JSONObject()
        for filter in filters {
            switch filter.key {
            case "georel", "geometry", "geoproperty": place[filter.key] = .string(filter.value)
            case "coordinates":
                place[filter.key] =
                    (try? JSONReader.read(Array(filter.value.utf8))) ?? .string(filter.value)
            case "expandValues", "jsonKeys":
                query[filter.key] = .array(
                    filter.value.split(separator: ",").map { .string(String($0)) }
                )
            default: query[filter.key] = .string(filter.value)
            }
        }
        if !place.isEmpty { query["geoQ"] = .object(place) }
        return .object(query)
    }
}
