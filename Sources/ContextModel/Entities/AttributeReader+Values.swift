/// Reading the values of attributes by their kind, and the other members.
extension AttributeReader {
    /// The value as it is stored: names expanded, structure checked.
    func checked(
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
                throw EntityError("'\(path)' is not a GeoJSON geometry. \(problem)")
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

    /// Throws for a null inside the value, which only merges may have (clause 5.5.4).
    func checkNoNull(_ value: JSONValue) throws(EntityError) {
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
                    "'\(path)' has the language '\(language)', which is not a tag of RFC 5646 such as "
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

    func names(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> [IRI] {
        var names: [IRI] = []
        for element in value.arrayValue ?? [value] {
            names.append(try entity.expanded(try string(element, at: path)))
        }
        guard !names.isEmpty else { throw EntityError("'\(path)' is an empty array.") }
        return names
    }

    func string(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> String {
        guard let text = value.stringValue, !text.isEmpty else {
            throw EntityError("'\(path)' is not text: \(value.excerpt).")
        }
        guard text != NGSILDNull.uri else { throw entity.nullError(at: path) }
        return text
    }

    func dataset(_ value: JSONValue, at path: MemberPath) throws(EntityError) -> String? {
        if value.stringValue == "@none" { return nil }
        let uri = try entity.uri(value, at: path)
        guard uri != NGSILDNull.uri else { throw entity.nullError(at: path) }
        return uri
    }
}

/// The path of a value in the names of the request, such as `speed.unitCode`.
///
/// Its text is built only when an error message needs it, because most values are valid.
struct MemberPath: CustomStringConvertible {
    let key: String
    let member: String

    var description: String { "\(key).\(member)" }
}
