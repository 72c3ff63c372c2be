import Broker
import ContextModel
import Federation
import Governance
import HTTPTypes
import Hummingbird

extension NGSILDRoutes {
    /// Adds the routes for types and attributes in use (clauses 6.25 to 6.28), and for the
    /// source's identity.
    mutating func addDiscoveryRoutes() {
        addListTypes()
        addRetrieveType()
        addListAttributes()
        addRetrieveAttribute()
        addRetrieveSourceIdentity()
    }

    private static let details = QueryParameter(
        "details",
        "Tell more than the names",
        kind: .boolean
    )

    private mutating func addListTypes() {
        add(
            RouteDescription(
                .get,
                "\(Paths.base)/types",
                .contextInformation,
                "List entity types",
                clause: "6.25.3.1",
                query: [Self.details],
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            guard try exchange.items.flag("details") else {
                let found = try await exchange.hub.reading.typeNames(
                    forwarding: try exchange.forwardingOfDiscovery(ld),
                    caller: exchange.caller
                )
                let names = found.information
                return try await exchange.answer(about: names.count, found.warnings, ld) {
                    exchange.list("EntityTypeList", "typeList", names, ld)
                }
            }
            let found = try await exchange.hub.reading.types(
                forwarding: try exchange.forwardingOfDiscovery(ld),
                caller: exchange.caller
            )
            let types = found.information
            let count = types.reduce(types.count) { $0 + $1.attributes.count }
            return try await exchange.answer(about: count, found.warnings, ld) {
                .array(types.map { $0.entityType(ld) })
            }
        }
    }

    private mutating func addRetrieveType() {
        add(
            RouteDescription(
                .get,
                "\(Paths.base)/types/{type}",
                .contextInformation,
                "Tell about an entity type",
                clause: "6.26.3.1",
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let type = ld.expand(try exchange.capture("type"))
            let found = try await exchange.hub.reading.type(
                type,
                forwarding: try exchange.forwardingOfDiscovery(ld),
                caller: exchange.caller
            )
            let names = 3 * found.information.attributes.count
            return try await exchange.answer(about: names, found.warnings, ld) {
                found.information.entityTypeInfo(ld)
            }
        }
    }

    private mutating func addListAttributes() {
        add(
            RouteDescription(
                .get,
                "\(Paths.base)/attributes",
                .contextInformation,
                "List attributes",
                clause: "6.27.3.1",
                query: [Self.details],
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            guard try exchange.items.flag("details") else {
                let found = try await exchange.hub.reading.attributeNames(
                    forwarding: try exchange.forwardingOfDiscovery(ld),
                    caller: exchange.caller
                )
                let names = found.information
                return try await exchange.answer(about: names.count, found.warnings, ld) {
                    exchange.list("AttributeList", "attributeList", names, ld)
                }
            }
            let found = try await exchange.hub.reading.attributes(
                forwarding: try exchange.forwardingOfDiscovery(ld),
                caller: exchange.caller
            )
            let attributes = found.information
            let count = attributes.reduce(2 * attributes.count) { $0 + $1.types.count }
            return try await exchange.answer(about: count, found.warnings, ld) {
                .array(attributes.map { $0.attribute(ld, isWhole: false) })
            }
        }
    }

    private mutating func addRetrieveAttribute() {
        add(
            RouteDescription(
                .get,
                "\(Paths.base)/attributes/{attrId}",
                .contextInformation,
                "Tell about an attribute",
                clause: "6.28.3.1",
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let name = ld.expand(try exchange.capture("attrId"))
            let found = try await exchange.hub.reading.attribute(
                name,
                forwarding: try exchange.forwardingOfDiscovery(ld),
                caller: exchange.caller
            )
            let names = found.information.types.count
            return try await exchange.answer(about: names, found.warnings, ld) {
                found.information.attribute(ld, isWhole: true)
            }
        }
    }

    private mutating func addRetrieveSourceIdentity() {
        add(
            RouteDescription(
                .get,
                "\(Paths.base)/info/sourceIdentity",
                .registrations,
                "Tell who this context source is",
                clause: "6.33.3.1",
                answers: "application/json"
            )
        ) { exchange in
            let identity = try await exchange.hub.contextSourceIdentity(caller: exchange.caller)
            return try exchange.answer(.object(identity.json), ld: .core)
        }
    }
}

extension Exchange {
    /// A list of names (clauses 5.2.24 and 5.2.27).
    fileprivate func list(
        _ type: String,
        _ member: String,
        _ names: [IRI],
        _ ld: LDContext
    ) -> JSONValue {
        [
            "id": .string("urn:ngsi-ld:\(type):\(hub.makeIdentifier())"), "type": .string(type),
            member: .array(names.map { .string(ld.compact($0)) }),
        ]
    }

    /// The answer with this many types and attributes; a long one is computed and written on
    /// another thread.
    fileprivate func answer(
        about names: Int,
        _ warnings: [AnswerWarning],
        _ ld: LDContext,
        _ body: () -> JSONValue
    ) async throws -> Response {
        let type = try accepted()
        let bytes = try await writing(names * Self.bytesPerName) {
            embedding(ld, in: body(), type).serialized
        }
        var headers = HTTPFields()
        headers.append(warnings)
        return answer(bytes, type, ld: ld, headers: headers)
    }

    /// How a question about types and attributes may be passed on; nil where it is local.
    fileprivate func forwardingOfDiscovery(_ ld: LDContext) throws(BrokerError) -> Forwarding? {
        try items.flag("local") || caller.tenant?.snapshot != nil
            ? nil : forwarding([EntitySelection()], ld)
    }

    /// The approximate bytes of a name that no `@context` shortens.
    private static let bytesPerName = 64

    /// A JSON answer in the accepted media type; in ld+json every object has the `@context`.
    func answer(_ body: JSONValue, ld: LDContext) throws(BrokerError) -> Response {
        let type = try accepted()
        return answer(embedding(ld, in: body, type).serialized, type, ld: ld)
    }

    private func embedding(_ ld: LDContext, in body: JSONValue, _ type: MediaType) -> JSONValue {
        guard type == .jsonLD else { return body }
        func embedded(_ value: JSONValue) -> JSONValue {
            guard case .object(var object) = value else { return value }
            object["@context"] = ld.embedded
            return .object(object)
        }
        return body.arrayValue.map { .array($0.map(embedded)) } ?? embedded(body)
    }
}

extension TypeInformation {
    /// EntityType (clause 5.2.25).
    fileprivate func entityType(_ ld: LDContext) -> JSONValue {
        [
            "id": .string(type.text), "type": "EntityType", "typeName": .string(ld.compact(type)),
            "attributeNames": .array(attributes.map { .string(ld.compact($0.name)) }),
        ]
    }

    /// EntityTypeInfo (clause 5.2.26).
    fileprivate func entityTypeInfo(_ ld: LDContext) -> JSONValue {
        [
            "id": .string(type.text), "type": "EntityTypeInfo",
            "typeName": .string(ld.compact(type)),
            "entityCount": .number(JSONNumber(entityCount)),
            "attributeDetails": .array(attributes.map { $0.detail(ld) }),
        ]
    }
}

extension AttributeInformation {
    private var kindTerms: JSONValue { .array(kinds.map(\.term).sorted().map(JSONValue.string)) }

    /// An element of `attributeDetails` (clause 5.2.28).
    fileprivate func detail(_ ld: LDContext) -> JSONValue {
        [
            "id": .string(name.text), "type": "Attribute",
            "attributeName": .string(ld.compact(name)), "attributeTypes": kindTerms,
        ]
    }

    /// Attribute (clause 5.2.28), in full or for a list of attributes.
    fileprivate func attribute(_ ld: LDContext, isWhole: Bool) -> JSONValue {
        var object: JSONObject = [
            "id": .string(name.text), "type": "Attribute",
            "attributeName": .string(ld.compact(name)),
            "typeNames": .array(types.map { .string(ld.compact($0)) }),
        ]
        if isWhole {
            object["attributeCount"] = .number(JSONNumber(attributeCount))
            object["attributeTypes"] = kindTerms
        }
        return .object(object)
    }
}
