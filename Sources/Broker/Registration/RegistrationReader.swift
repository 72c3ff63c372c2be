package import ContextModel
package import Federation

/// Reads a context source registration from JSON.
///
/// It refuses what clauses 5.2.8 to 5.2.11, 5.2.22 and 5.2.34 do not allow, quoting the member.
package struct RegistrationReader: MemberReading, Sendable {
    let context: LDContext

    package init(context: LDContext) { self.context = context }

    /// Reads the registration; its identifier is given by the caller of this function.
    package func registration(
        _ body: JSONObject,
        id: String
    ) throws(BrokerError) -> ContextSourceRegistration {
        guard let endpoint = body["endpoint"] else {
            throw Self.error("The registration has no 'endpoint'.")
        }
        try checkPlainMembers(body)
        let registration = ContextSourceRegistration(
            id: id,
            information: try information(body["information"]),
            endpoint: try address(endpoint, at: "endpoint"),
            mode: try mode(body["mode"]),
            operations: try operations(body["operations"]),
            alias: try string(body, "contextSourceAlias"),
            tenant: try string(body, "tenant"),
            info: try pairs(body["contextSourceInfo"], at: "contextSourceInfo"),
            management: management(body["management"]),
            datasetIDs: try datasetIDs(body["datasetId"]),
            expiresAt: try string(body, "expiresAt").map { text throws(BrokerError) in
                try Self.moment(text, at: "expiresAt")
            },
            observationInterval: try interval(body, "observationInterval"),
            managementInterval: try interval(body, "managementInterval"),
            entity: try entity(body, id: id)
        )
        try check(registration, body["operations"])
        return registration
    }

    // MARK: Information

    private func information(_ value: JSONValue?) throws(BrokerError) -> [RegistrationInfo] {
        guard let value else { throw Self.error("The registration has no 'information'.") }
        var result: [RegistrationInfo] = []
        var patterns = PatternCount()
        for (index, element) in try elements(value, at: "information").enumerated() {
            let info = try info(element, at: "information[\(index)]")
            do throws(PatternError) {
                for entity in info.entities ?? [] {
                    if let pattern = entity.idPattern { try patterns.add(pattern) }
                }
            } catch {
                throw BrokerError(error)
            }
            result.append(info)
        }
        return result
    }

    private func info(_ value: JSONValue, at path: String) throws(BrokerError) -> RegistrationInfo {
        let known: Set<String> = ["entities", "propertyNames", "relationshipNames"]
        guard let object = value.objectValue,
            object.members.contains(where: { known.contains($0.key) })
        else {
            throw Self.error(
                "'\(path)' is an object with 'entities', 'propertyNames' or 'relationshipNames', "
                    + "not \(value.excerpt)."
            )
        }
        try Self.require(known, in: value, at: path)
        let properties = try names(object["propertyNames"], at: "\(path).propertyNames")
        let relationships = try names(object["relationshipNames"], at: "\(path).relationshipNames")
        var entities: [EntityInfo]?
        if let list = object["entities"] {
            entities = []
            for (index, element) in try elements(list, at: "\(path).entities").enumerated() {
                entities?.append(try entityInfo(element, at: "\(path).entities[\(index)]"))
            }
        }
        return RegistrationInfo(
            entities: entities,
            attributes: Set((properties ?? []) + (relationships ?? []))
        )
    }

    private func entityInfo(_ value: JSONValue, at path: String) throws(BrokerError) -> EntityInfo {
        guard let object = value.objectValue?.withPlainKeywords else {
            throw Self.error("'\(path)' is an object with 'type', not \(value.excerpt).")
        }
        try Self.require(["type", "id", "idPattern"], in: value, at: path)
        guard let type = object["type"] else {
            throw Self.error("'\(path)' has no 'type'.")
        }
        let types = type.arrayValue == nil ? .array([type]) : type
        var info = EntityInfo(types: try names(types, at: "\(path).type") ?? [])
        if let id = object["id"] {
            info.id = EntityID(try Self.uri(id, at: "\(path).id"))
        }
        if let pattern = object["idPattern"] {
            info.idPattern = try Self.pattern(pattern, at: "\(path).idPattern")
        }
        return info
    }

    // MARK: Mode and operations

    private func mode(_ value: JSONValue?) throws(BrokerError) -> ContextSourceRegistration.Mode {
        guard let value else { return .inclusive }
        guard let mode = value.stringValue.flatMap(ContextSourceRegistration.Mode.init) else {
            let known = ContextSourceRegistration.Mode.allCases.map(\.rawValue)
            throw Self.error("'mode' is \(known.joined(separator: ", ")), not \(value.excerpt).")
        }
        return mode
    }

    private func operations(
        _ value: JSONValue?
    ) throws(BrokerError) -> Set<DistributedOperation> {
        guard let value else { return DistributedOperation.federation }
        var operations: Set<DistributedOperation> = []
        for element in try elements(value, at: "operations") {
            let named = element.stringValue.flatMap(DistributedOperation.operations(named:))
            guard let named else {
                throw Self.error("'operations' has no operation or group \(element.excerpt).")
            }
            operations.formUnion(named)
        }
        return operations
    }

    /// Reads the management information, which was checked.
    private func management(_ value: JSONValue?) -> RegistrationManagement {
        guard let object = value?.objectValue else { return RegistrationManagement() }
        return RegistrationManagement(
            timeoutMilliseconds: object["timeout"]?.numberValue?.doubleValue,
            cooldownMilliseconds: object["cooldown"]?.numberValue?.doubleValue,
            isLocalOnly: object["localOnly"]?.boolValue ?? false
        )
    }

    /// Checks rules between members (clauses 4.3.6.3 and 5.9.2).
    private func check(
        _ registration: ContextSourceRegistration,
        _ operations: JSONValue?
    ) throws(BrokerError) {
        if registration.mode == .exclusive {
            for info in registration.information {
                guard let entities = info.entities, entities.allSatisfy({ $0.id != nil }),
                    !info.attributes.isEmpty
                else {
                    throw Self.error(
                        "With mode 'exclusive' every element of 'information' names entities by "
                            + "'id', and attributes."
                    )
                }
            }
        }
        if registration.mode == .auxiliary {
            let reading = ["retrieveOps", "retrieveEntity", "queryEntity"]
            let names = operations?.arrayValue?.compactMap(\.stringValue)
            if let other = names?.first(where: { !reading.contains($0) }) {
                throw Self.error(
                    "With mode 'auxiliary' the operations are retrieveOps, retrieveEntity or "
                        + "queryEntity, not '\(other)'."
                )
            }
        }
    }
}
