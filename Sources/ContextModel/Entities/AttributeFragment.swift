/// An attribute as in a request: parts may be missing, and NGSI-LD Null means "remove" (clauses
/// 5.4, 5.5.8 and 5.5.12).
package struct AttributeFragment: Sendable, Equatable {
    package var kind: Attribute.Kind?
    package var value: JSONValue?
    package var datasetID: String?
    package var observedAt: Timestamp?
    package var unitCode: String?
    package var attributes: [NamedFragment]
    package var details: AttributeDetails?
    /// The members given as NGSI-LD Null: `observedAt`, `unitCode` and others.
    package var removedMembers: Set<String>

    package init(kind: Attribute.Kind? = nil, value: JSONValue? = nil) {
        self.kind = kind
        self.value = value
        attributes = []
        removedMembers = []
    }

    /// Whether the attribute as a whole is to be removed.
    package var isNull: Bool { value.map(NGSILDNull.isNull) ?? false }

    /// Whether anything is to be removed: the attribute, a member, or a sub-attribute.
    var removesAnything: Bool {
        isNull || !removedMembers.isEmpty || attributes.contains(where: \.removesAnything)
    }

    /// The attribute without the parts to be removed; nil unless it and its sub-attributes have
    /// values.
    package var complete: Attribute? {
        guard let value, let kind else { return nil }
        var named: [NamedAttribute] = []
        for attribute in attributes {
            let given = attribute.instances.filter { !$0.isNull }
            let instances = given.compactMap(\.complete)
            guard instances.count == given.count else { return nil }
            if !instances.isEmpty {
                named.append(NamedAttribute(name: attribute.name, instances: instances))
            }
        }
        return Attribute(
            kind: kind,
            value: value,
            datasetID: datasetID,
            observedAt: observedAt,
            unitCode: unitCode,
            attributes: named,
            details: details
        )
    }
}

/// The instances that a request gives for a name.
package struct NamedFragment: Sendable, Equatable {
    package var name: IRI
    package var instances: [AttributeFragment]

    package init(name: IRI, instances: [AttributeFragment]) {
        self.name = name
        self.instances = instances
    }

    var removesAnything: Bool { instances.contains(where: \.removesAnything) }
}

/// An entity as in a request (clause 5.4).
package struct EntityFragment: Sendable, Equatable {
    package var id: EntityID?
    package var types: [IRI]
    /// nil when not given; empty when given as NGSI-LD Null.
    package var scopes: [String]?
    package var attributes: [NamedFragment]
    package var expiresAt: Timestamp?
    /// Whether `expiresAt` was given as NGSI-LD Null, so that the entity does not expire any more.
    package var removesExpiry = false
    /// Whether `scope` was given as NGSI-LD Null.
    package var removesScopes = false

    /// Whether it has NGSI-LD Null anywhere: such a fragment can change an entity but not create
    /// one.
    package var removesAnything: Bool {
        removesExpiry || removesScopes || attributes.contains(where: \.removesAnything)
    }

    package init() {
        types = []
        attributes = []
    }
}

/// NGSI-LD Null (clause 4.5.0), which means "remove" where JSON-LD would drop a JSON null.
package enum NGSILDNull {
    package static let uri = "urn:ngsi-ld:null"

    /// Whether the value of an attribute of any kind is NGSI-LD Null.
    package static func isNull(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): text == uri
        case .object(let map): map.count == 1 && map["@none"]?.stringValue == uri
        case .array(let list): list.count == 1 && list[0].stringValue == uri
        default: false
        }
    }

    /// Whether the value contains the null URI at any depth.
    static func isInside(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): text == uri
        case .object(let map): map.members.contains { isInside($0.value) }
        case .array(let list): list.contains(where: isInside)
        default: false
        }
    }
}
