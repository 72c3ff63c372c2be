/// Reads temporal evolutions from JSON: the parts of their representations that current state does
/// not have (clauses 4.5.6 to 4.5.9).
package struct TemporalReader: Sendable {
    private let entities: EntityReader

    package init(context: LDContext) {
        entities = EntityReader(context: context, options: .init(isTemporal: true))
    }

    /// Reads a whole evolution: it must have an identifier and a type.
    package func entity(_ json: JSONValue) throws(EntityError) -> Entity {
        try entities.entity(from: try fragment(json))
    }

    /// Reads the parts of an evolution that the object has; instances of the scope are among the
    /// attributes.
    package func fragment(_ json: JSONValue) throws(EntityError) -> EntityFragment {
        guard case .object(var object) = json else { return try entities.fragment(json) }
        var scopes: [AttributeFragment] = []
        if let scope = object["scope"], Self.hasInstances(scope) {
            scopes = try scopeInstances(scope)
            object["scope"] = nil
        }
        for index in object.members.indices where object.members[index].key != "@context" {
            object.members[index].value = Self.reified(object.members[index].value)
        }
        var fragment = try entities.fragment(.object(object))
        if !scopes.isEmpty {
            let last = scopes.max { ($0.observedAt ?? .last) < ($1.observedAt ?? .last) }
            fragment.scopes = last?.value?.scopes
            fragment.attributes.append(NamedFragment(name: .scope, instances: scopes))
        }
        return fragment
    }

    /// The attributes of a fragment; throws if one has no value.
    package func complete(_ fragments: [NamedFragment]) throws(EntityError) -> [NamedAttribute] {
        try entities.complete(fragments)
    }

    // MARK: The simplified representation (clause 4.5.9)

    /// Turns pairs of value and time into instances; everything else stays.
    private static func reified(_ value: JSONValue) -> JSONValue {
        if case .array(let datasets) = value, datasets.allSatisfy({ pairs(of: $0) != nil }) {
            return .array(datasets.flatMap { reified($0).arrayValue ?? [] })
        }
        guard let (kind, pairs) = pairs(of: value), let object = value.objectValue else {
            return value
        }
        return .array(
            pairs.map { pair in
                var instance: JSONObject = ["type": .string(kind.term)]
                instance["datasetId"] = object["datasetId"]
                instance["observedAt"] = pair[1]
                instance[kind.valueMember] = pair[0].objectValue?[kind.valueMember] ?? pair[0]
                return .object(instance)
            }
        )
    }

    private static func pairs(
        of value: JSONValue
    ) -> (kind: Attribute.Kind, pairs: [[JSONValue]])? {
        guard let object = value.objectValue,
            let type = object["type"] ?? object["@type"],
            let kind = type.stringValue.flatMap(Attribute.Kind.init(term:)),
            let pairs = object[kind.temporalValuesMember]?.arrayValue?.map({ $0.arrayValue ?? [] }),
            pairs.allSatisfy({ $0.count == 2 })
        else { return nil }
        return (kind, pairs)
    }

    // MARK: Scopes (clauses 4.5.6 and 4.18)

    private static func hasInstances(_ scope: JSONValue) -> Bool {
        (scope.arrayValue ?? [scope]).contains { $0.objectValue != nil }
    }

    private func scopeInstances(_ json: JSONValue) throws(EntityError) -> [AttributeFragment] {
        let instances = Self.reified(json)
        var fragments: [AttributeFragment] = []
        for instance in instances.arrayValue ?? [instances] {
            fragments.append(try scopeInstance(instance))
        }
        return fragments
    }

    private func scopeInstance(_ json: JSONValue) throws(EntityError) -> AttributeFragment {
        guard let object = json.objectValue, let value = object["value"] else {
            throw EntityError("An instance of 'scope' is a Property with 'value': \(json.excerpt).")
        }
        let known: Set<String> = [
            "type", "@type", "value", "observedAt", "createdAt", "modifiedAt", "deletedAt",
            "instanceId",
        ]
        if let other = object.members.first(where: { !known.contains($0.key) }) {
            throw EntityError("'scope' has the times of its instances only, not '\(other.key)'.")
        }
        var fragment = AttributeFragment(kind: .property, value: value)
        if !NGSILDNull.isNull(value) {
            fragment.value = JSONValue(scopes: try entities.scopes(value))
        }
        if let time = object["observedAt"] {
            fragment.observedAt = try entities.timestamp(time, at: "scope.observedAt")
        }
        return fragment
    }
}

extension JSONValue {
    /// Scopes as the value of an instance; no scope is NGSI-LD Null.
    package init(scopes: [String]) {
        switch scopes.count {
        case 0: self = .string(NGSILDNull.uri)
        case 1: self = .string(scopes[0])
        default: self = .array(scopes.map(JSONValue.string))
        }
    }

    /// The scopes in the value of an instance.
    package var scopes: [String] {
        if NGSILDNull.isNull(self) { return [] }
        return (arrayValue ?? [self]).compactMap(\.stringValue)
    }
}

extension Timestamp {
    fileprivate static let last = Timestamp(microseconds: .max)
}
