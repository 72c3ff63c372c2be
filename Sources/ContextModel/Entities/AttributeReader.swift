/// Reads the instances of one attribute in any representation: normalized, concise or simplified
/// (clauses 4.5.2 to 4.5.5).
struct AttributeReader {
    let entity: EntityReader
    /// The member as the caller wrote it, for messages: `speed`, `speed.accuracy`.
    let key: String

    var options: EntityReader.Options { entity.options }

    func instances(_ value: JSONValue) throws(EntityError) -> [AttributeFragment] {
        guard case .array(let elements) = value, !options.isSimplified,
            Self.areInstances(elements)
        else { return [try instance(value)] }
        var instances: [AttributeFragment] = []
        instances.reserveCapacity(elements.count)
        for element in elements { instances.append(try instance(element)) }
        if !options.isTemporal, instances.count > 1 {
            var seen: Set<String?> = []
            for instance in instances where !seen.insert(instance.datasetID).inserted {
                let dataset = instance.datasetID.map { "'\($0)'" } ?? "none"
                throw EntityError(
                    "The attribute '\(key)' has two instances of one datasetId: \(dataset)."
                )
            }
        }
        return instances
    }

    private func instance(_ value: JSONValue) throws(EntityError) -> AttributeFragment {
        if NGSILDNull.isNull(value) {
            guard options.allowsNull else { throw entity.nullError(at: key) }
            return AttributeFragment(value: .string(NGSILDNull.uri))
        }
        if options.isSimplified { return simplified(value) }
        switch value {
        case .null:
            throw EntityError("The attribute '\(key)' is null.")
        case .object(let object):
            if GeometryTypes.isGeometry(object) { return try geometry(value) }
            guard isValue(object) else { return try reified(object) }
            fallthrough
        default:
            try checkNoNull(value)
            return AttributeFragment(kind: .property, value: value)
        }
    }

    /// Reads a simplified value, which does not tell its kind: a present attribute keeps its kind,
    /// a new one is a Property (clause 4.5.4).
    private func simplified(_ value: JSONValue) -> AttributeFragment {
        let isGeometry = value.objectValue.map(GeometryTypes.isGeometry) ?? false
        return AttributeFragment(kind: isGeometry ? .geoProperty : nil, value: value)
    }

    private func geometry(_ value: JSONValue) throws(EntityError) -> AttributeFragment {
        AttributeFragment(kind: .geoProperty, value: try checked(value, as: .geoProperty))
    }

    /// Whether an array has instances (clause 4.5.5) and is not the value of a concise Property.
    static func areInstances(_ elements: [JSONValue]) -> Bool {
        !elements.isEmpty && elements.allSatisfy(looksLikeAttribute)
    }

    private static func looksLikeAttribute(_ value: JSONValue) -> Bool {
        guard case .object(let object) = value else { return false }
        if GeometryTypes.isGeometry(object) { return true }
        return object.members.contains { key, value in
            (key == "type" || key == "@type")
                && value.stringValue.flatMap(Attribute.Kind.init(term:)) != nil
                || Attribute.Kind(valueMember: key) != nil
        }
    }

    /// Whether the object can only be the value of a concise Property, because it has no member of
    /// an attribute (clause 4.5.2.3).
    ///
    /// Where a value may be missing, it is an attribute with sub-attributes.
    private func isValue(_ object: JSONObject) -> Bool {
        !options.isPartial && !object.isEmpty
            && !object.members.contains { key, value in
                Self.isOwnMember(key) || Attribute.Kind(valueMember: key) != nil
                    || options.isTemporal && Self.isValueOverTime(key)
                    || Self.looksLikeAttribute(value)
            }
    }

    /// Whether the name is reserved for a member of attributes, so that no sub-attribute can have
    /// it.
    private static func isOwnMember(_ name: String) -> Bool {
        switch name {
        case "type", "@type", "@context", "datasetId", "observedAt", "unitCode", "expiresAt",
            "instanceId", "objectType", "valueType", "createdAt", "modifiedAt", "deletedAt",
            "entity",
            "entityList", "ngsildproof", "entityIdSealed", "entityTypeSealed", "previousValue",
            "previousObject", "previousLanguageMap", "previousVocab", "previousJson",
            "previousValueList", "previousObjectList":
            true
        default: false
        }
    }

    private static func isValueOverTime(_ name: String) -> Bool {
        switch name {
        case "values", "objects", "languageMaps", "vocabs", "jsons", "valueLists", "objectLists":
            true
        default: false
        }
    }

    private static let hintOnObjects = "An object that is a value is written as {\"value\": {…}}."

    // MARK: Attribute objects

    private func reified(_ object: JSONObject) throws(EntityError) -> AttributeFragment {
        var fragment = AttributeFragment()
        if let type = object["type"] ?? object["@type"] {
            guard let name = type.stringValue, let kind = Attribute.Kind(term: name) else {
                throw EntityError(
                    "The attribute '\(key)' has the unknown type \(type.excerpt); "
                        + "Property, Relationship, GeoProperty, … are known. "
                        + Self.hintOnObjects
                )
            }
            fragment.kind = kind
        }
        var particular: [String] = []
        for (member, value) in object.members {
            try read(member, value, into: &fragment, &particular)
        }
        if let kind = fragment.kind {
            for member in particular where !kind.mayHave(member, in: fragment) {
                throw EntityError("The attribute '\(key)' is a \(kind.term) without '\(member)'.")
            }
        }
        if let value = fragment.value, let kind = fragment.kind, !fragment.isNull {
            fragment.value = try checked(value, as: kind)
        }
        if !options.isPartial, fragment.value == nil {
            let missing = fragment.kind?.valueMember ?? "value"
            let hint = fragment.kind == nil ? " " + Self.hintOnObjects : ""
            throw EntityError("The attribute '\(key)' has no '\(missing)'.\(hint)")
        }
        if !options.allowsNull {
            // In an evolution, NGSI-LD Null is the end of the attribute (clause 4.5.7).
            if fragment.isNull, !options.isTemporal { throw entity.nullError(at: key) }
        }
        return fragment
    }

    private func read(
        _ member: String,
        _ value: JSONValue,
        into fragment: inout AttributeFragment,
        _ particular: inout [String]
    ) throws(EntityError) {
        let path = MemberPath(key: key, member: member)
        if options.allowsNull, NGSILDNull.isNull(value), Self.removable.contains(member) {
            fragment.removedMembers.insert(member)
            return
        }
        switch member {
        case "deletedAt" where options.isTemporal:
            fragment.details.orNew.deletedAt = try entity.timestamp(value, at: path)
        case "type", "@type", "createdAt", "modifiedAt", "deletedAt": break
        case "entity", "entityList": particular.append(member)
        case "value", "object", "languageMap", "vocab", "json", "valueList", "objectList":
            try setValue(value, member: member, of: &fragment)
        case "datasetId": fragment.datasetID = try dataset(value, at: path)
        case "observedAt": fragment.observedAt = try entity.timestamp(value, at: path)
        case "unitCode":
            fragment.unitCode = try string(value, at: path)
            particular.append(member)
        case "expiresAt":
            fragment.details.orNew.expiresAt = try entity.timestamp(value, at: path)
        case "instanceId": fragment.details.orNew.instanceID = try entity.uri(value, at: path)
        case "objectType": fragment.details.orNew.objectTypes = try names(value, at: path)
        case "valueType":
            fragment.details.orNew.valueType = try string(value, at: path)
            particular.append(member)
        case "ngsildproof": fragment.details.orNew.proof = try proof(value, at: path)
        case "entityIdSealed", "entityTypeSealed":
            try readSealed(member, value, at: path, into: &fragment)
        case "previousValue", "previousObject", "previousLanguageMap", "previousVocab",
            "previousJson", "previousValueList", "previousObjectList":
            throw EntityError("'\(path)' is allowed in notifications only.")
        case "@context":
            throw EntityError("The attribute '\(key)' cannot have its own @context (clause 5.5.7).")
        default: try readSubattribute(member, value, into: &fragment)
        }
    }

    /// Reads the entity's own proof, which has its sealed members beside its value (clause
    /// 4.5.2.2).
    private func readSealed(
        _ member: String,
        _ value: JSONValue,
        at path: MemberPath,
        into fragment: inout AttributeFragment
    ) throws(EntityError) {
        guard key == "ngsildproof" else {
            throw EntityError("'\(path)' is allowed in an 'ngsildproof' only.")
        }
        let text = try string(value, at: path)
        var sealed = fragment.details.orNew.proof?.objectValue ?? JSONObject()
        sealed[member] = .string(
            member == "entityTypeSealed" ? entity.context.expand(text).text : text
        )
        fragment.details.orNew.proof = .object(sealed)
    }

    /// A proof of an attribute, unchanged (annex C.11).
    private func proof(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> JSONValue {
        guard let object = value.objectValue, object["value"]?.objectValue != nil else {
            throw EntityError("'\(path)' has no object as its 'value': \(value.excerpt).")
        }
        for member in ["entityIdSealed", "entityTypeSealed"] {
            guard let sealed = object[member] else { continue }
            _ = try string(sealed, at: MemberPath(key: path.description, member: member))
        }
        return value
    }

    private static let removable: Set<String> = [
        "observedAt", "unitCode", "expiresAt", "objectType", "valueType",
    ]

    private func readSubattribute(
        _ member: String,
        _ value: JSONValue,
        into fragment: inout AttributeFragment
    ) throws(EntityError) {
        let name = try entity.attributeName(member)
        let count = fragment.attributes.count + 1
        try entity.limit(count, to: EntityLimits.attributes, "sub-attributes of an attribute")
        let nested = AttributeReader(
            entity: EntityReader(
                context: entity.context,
                options: .init(
                    allowsNull: options.allowsNull,
                    allowsNullInside: options.allowsNullInside,
                    isPartial: options.isPartial
                )
            ),
            key: "\(key).\(member)"
        )
        fragment.attributes.append(
            NamedFragment(name: name, instances: try nested.instances(value))
        )
    }

    private func setValue(
        _ value: JSONValue,
        member: String,
        of fragment: inout AttributeFragment
    ) throws(EntityError) {
        guard let implied = Attribute.Kind(valueMember: member) else { return }
        guard fragment.value == nil else {
            throw EntityError("The attribute '\(key)' has two value members, one is '\(member)'.")
        }
        if let kind = fragment.kind {
            guard kind.valueMember == member else {
                throw EntityError(
                    "The attribute '\(key)' is a \(kind.term) and has '\(member)' in place of "
                        + "'\(kind.valueMember)'."
                )
            }
        } else {
            let isGeometry = value.objectValue.map(GeometryTypes.isGeometry) ?? false
            fragment.kind = implied == .property && isGeometry ? .geoProperty : implied
        }
        fragment.value = value
    }
}

extension Attribute.Kind {
    /// Whether attributes of this kind may have a member that only some kinds have (clauses 4.5.2
    /// to 4.5.24).
    fileprivate func mayHave(_ member: String, in fragment: AttributeFragment) -> Bool {
        switch (member, self) {
        case ("unitCode", .property), ("unitCode", .geoProperty), ("unitCode", .listProperty): true
        case ("entity", .relationship), ("entityList", .listRelationship): true
        case ("valueType", .languageProperty): fragment.details?.valueType == "langString"
        case ("valueType", _): true
        default: false
        }
    }
}

extension AttributeDetails? {
    /// The details, which are created when first written to.
    fileprivate var orNew: AttributeDetails {
        get { self ?? AttributeDetails() }
        set { self = newValue }
    }
}
