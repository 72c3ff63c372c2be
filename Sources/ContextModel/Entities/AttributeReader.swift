/// Reads the instances of one attribute, in any of the representations: normalized, concise or
/// simplified (clauses 4.5.2 to 4.5.5).
struct AttributeReader {
    let entity: EntityReader
    /// The member as the caller wrote it, for messages: `speed`, `speed.accuracy`.
    let key: String

    private var options: EntityReader.Options { entity.options }

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

    /// Clause 4.5.4: the kind is not told; what exists keeps its kind, what is new is a Property.
    private func simplified(_ value: JSONValue) -> AttributeFragment {
        let isGeometry = value.objectValue.map(GeometryTypes.isGeometry) ?? false
        return AttributeFragment(kind: isGeometry ? .geoProperty : nil, value: value)
    }

    private func geometry(_ value: JSONValue) throws(EntityError) -> AttributeFragment {
        AttributeFragment(kind: .geoProperty, value: try checked(value, as: .geoProperty))
    }

    /// Whether an array is one of instances (clause 4.5.5) and not the value of a concise Property.
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

    /// Whether the object is the value of a concise Property itself: it says nothing that an
    /// attribute says, and so can be nothing else (clause 4.5.2.3).
    ///
    /// Where a value may be missing it is an attribute with sub-attributes.
    private func isValue(_ object: JSONObject) -> Bool {
        !options.isPartial && !object.isEmpty
            && !object.members.contains { key, value in
                Self.isOwnMember(key) || Attribute.Kind(valueMember: key) != nil
                    || options.isTemporal && Self.isValueOverTime(key)
                    || Self.looksLikeAttribute(value)
            }
    }

    /// Whether an attribute has a member of this name, and no sub-attribute is called so.
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
            // In an evolution it is the end of the attribute (clause 4.5.7).
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
            throw EntityError("'\(path)' stands in notifications only.")
        case "@context":
            throw EntityError("The attribute '\(key)' has an @context of its own (clause 5.5.7).")
        default: try readSubattribute(member, value, into: &fragment)
        }
    }

    /// The entity's own proof keeps its sealed members beside its value (clause 4.5.2.2).
    private func readSealed(
        _ member: String,
        _ value: JSONValue,
        at path: MemberPath,
        into fragment: inout AttributeFragment
    ) throws(EntityError) {
        guard key == "ngsildproof" else {
            throw EntityError("'\(path)' belongs into an 'ngsildproof' only.")
        }
        let text = try string(value, at: path)
        var sealed = fragment.details.orNew.proof?.objectValue ?? JSONObject()
        sealed[member] = .string(
            member == "entityTypeSealed" ? entity.context.expand(text).text : text
        )
        fragment.details.orNew.proof = .object(sealed)
    }

    /// A proof of an attribute, kept as it is given (annex C.11).
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

    // MARK: Values by kind

    /// The value as it is kept: names expanded, shape checked.
    private func checked(
        _ value: JSONValue,
        as kind: Attribute.Kind
    ) throws(EntityError)
        -> JSONValue
    {
        let path = MemberPath(key: key, member: kind.valueMember)
        if kind != .jsonProperty, value.isNull { throw EntityError("'\(path)' is null.") }
        switch kind {
        case .property:
            try checkNoNull(value)
            if key == "ngsildproof", value.objectValue == nil {
                throw EntityError("'\(path)' is not an object: \(value.excerpt).")
            }
            return value
        case .relationship: return try uris(value, at: path)
        case .geoProperty:
            let geometry = GeometryTypes.decoded(value)
            if let problem = GeometryTypes.problem(with: geometry) {
                throw EntityError("'\(path)' is no GeoJSON geometry. \(problem)")
            }
            return geometry
        case .languageProperty: return try languageMap(value, at: path)
        case .vocabProperty: return try vocabulary(value, at: path)
        case .jsonProperty:
            guard value.objectValue != nil || value.arrayValue != nil else {
                throw EntityError("'\(path)' is neither an object nor an array: \(value.excerpt).")
            }
            return value
        case .listProperty:
            guard case .array = value else {
                throw EntityError("'\(path)' is not an array: \(value.excerpt).")
            }
            return value
        case .listRelationship: return try objectList(value, at: path)
        }
    }

    /// Null inside a value is for merges only (clause 5.5.4).
    private func checkNoNull(_ value: JSONValue) throws(EntityError) {
        if !options.allowsNullInside, NGSILDNull.isInside(value) { throw entity.nullError(at: key) }
    }

    private func uris(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> JSONValue {
        guard case .array(let elements) = value else {
            _ = try entity.uri(value, at: path)
            return value
        }
        guard !elements.isEmpty else { throw EntityError("'\(path)' is an empty array.") }
        for element in elements { _ = try entity.uri(element, at: path) }
        return value
    }

    private func objectList(
        _ value: JSONValue,
        at path: MemberPath
    ) throws(EntityError) -> JSONValue {
        guard case .array(let elements) = value else {
            throw EntityError("'\(path)' is not an array: \(value.excerpt).")
        }
        var objects: [JSONValue] = []
        for element in elements {
            objects.append(
                .string(try entity.uri(element.objectValue?["object"] ?? element, at: path))
            )
        }
        return .array(objects)
    }

    private func languageMap(
        _ value: JSONValue,
        at path: MemberPath
    ) throws(EntityError) -> JSONValue {
        guard case .object(let map) = value else {
            throw EntityError("'\(path)' is not an object of languages: \(value.excerpt).")
        }
        for (language, text) in map.members {
            guard language == "@none" || LanguageTag.isValid(language) else {
                throw EntityError(
                    "'\(path)' has the language '\(language)', which is no tag of RFC 5646 such as "
                        + "'en' or 'pt-BR', nor '@none'."
                )
            }
            let texts = text.arrayValue ?? [text]
            guard texts.allSatisfy({ $0.stringValue != nil }) else {
                throw EntityError("'\(path).\(language)' is not text: \(text.excerpt).")
            }
        }
        return value
    }

    private func vocabulary(
        _ value: JSONValue,
        at path: MemberPath
    ) throws(EntityError) -> JSONValue {
        let names = try names(value, at: path).map { JSONValue.string($0.text) }
        return value.arrayValue == nil ? names[0] : .array(names)
    }

    private func names(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> [IRI] {
        var names: [IRI] = []
        for element in value.arrayValue ?? [value] {
            names.append(try entity.expanded(try string(element, at: path)))
        }
        guard !names.isEmpty else { throw EntityError("'\(path)' is an empty array.") }
        return names
    }

    private func string(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> String {
        guard let text = value.stringValue, !text.isEmpty else {
            throw EntityError("'\(path)' is not text: \(value.excerpt).")
        }
        guard text != NGSILDNull.uri else { throw entity.nullError(at: path) }
        return text
    }

    private func dataset(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> String? {
        if value.stringValue == "@none" { return nil }
        let uri = try entity.uri(value, at: path)
        guard uri != NGSILDNull.uri else { throw entity.nullError(at: path) }
        return uri
    }
}

/// The path of a value in the names of the request, such as `speed.unitCode`.
///
/// Its text is built only when an error message needs it, because most values are valid.
private struct MemberPath: CustomStringConvertible {
    let key: String
    let member: String

    var description: String { "\(key).\(member)" }
}

extension Attribute.Kind {
    /// Whether attributes of this kind may have a member that not all kinds have (clauses 4.5.2 to
    /// 4.5.24).
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
    /// The details, made when first written to.
    fileprivate var orNew: AttributeDetails {
        get { self ?? AttributeDetails() }
        set { self = newValue }
    }
}
