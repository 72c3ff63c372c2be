/// Reads entities and fragments from JSON.
///
/// It expands names with an `@context`, and refuses what the data types of clause 5.2 do not
/// allow, quoting the member.
package struct EntityReader: Sendable {
    /// The parts that a request may contain.
    package struct Options: Sendable {
        /// Allows NGSI-LD Null: for fragments of update and merge (clause 5.5.4).
        package var allowsNull = false
        /// Allows NGSI-LD Null inside compound values as well: for merges only (clause 5.5.4).
        package var allowsNullInside = false
        /// Allows an attribute without its value, which then stays: for partial updates and merges
        /// (clauses 5.5.8 and 5.5.12).
        package var isPartial = false
        /// Expects values without their attribute (clause 4.5.4).
        package var isSimplified = false
        /// Expects instances of an attribute that differ in time, not in `datasetId` (clause
        /// 4.5.7).
        package var isTemporal = false

        package init(
            allowsNull: Bool = false,
            allowsNullInside: Bool = false,
            isPartial: Bool = false,
            isSimplified: Bool = false,
            isTemporal: Bool = false
        ) {
            self.allowsNull = allowsNull
            self.allowsNullInside = allowsNullInside
            self.isPartial = isPartial
            self.isSimplified = isSimplified
            self.isTemporal = isTemporal
        }
    }

    let context: LDContext
    let options: Options

    package init(context: LDContext, options: Options = Options()) {
        self.context = context
        self.options = options
    }

    /// Reads a whole entity: it must have an identifier and a type, and every attribute a value.
    package func entity(_ json: JSONValue) throws(EntityError) -> Entity {
        try entity(from: try fragment(json))
    }

    /// The entity that a fragment describes, if it is whole.
    package func entity(from fragment: EntityFragment) throws(EntityError) -> Entity {
        guard let id = fragment.id else {
            throw EntityError("The entity has no 'id'; give it a URI.")
        }
        guard !fragment.types.isEmpty else {
            throw EntityError("The entity '\(id)' has no 'type'.")
        }
        guard !options.allowsNull || !fragment.removesAnything else {
            throw EntityError(
                "The entity '\(id)' is new, and nothing can be removed from it: it has "
                    + "urn:ngsi-ld:null."
            )
        }
        return Entity(
            id: id,
            types: fragment.types,
            scopes: fragment.scopes ?? [],
            attributes: try complete(fragment.attributes),
            expiresAt: fragment.expiresAt
        )
    }

    /// Reads one instance of an attribute whose name is in the URL (clauses 5.6.4 and 5.6.19).
    package func attributeFragment(
        _ name: String,
        _ json: JSONValue
    ) throws(EntityError) -> (name: IRI, fragment: AttributeFragment) {
        let iri = try attributeName(name)
        guard iri != .scope, !Self.keywords.contains(name) else {
            throw EntityError("'\(name)' is not an attribute that can be changed by itself.")
        }
        var json = json
        // The body of a request has its @context beside the attribute's members.
        if case .object(var object) = json, object["@context"] != nil {
            object["@context"] = nil
            json = .object(object)
        }
        let instances = try AttributeReader(entity: self, key: name).instances(json)
        guard instances.count == 1 else {
            throw EntityError("Give one instance of '\(name)', not \(instances.count).")
        }
        try checkGeography(instances, key: name)
        return (iri, instances[0])
    }

    /// The attributes of a fragment; throws if one has no value.
    package func complete(_ fragments: [NamedFragment]) throws(EntityError) -> [NamedAttribute] {
        var attributes: [NamedAttribute] = []
        attributes.reserveCapacity(fragments.count)
        for fragment in fragments {
            var instances: [Attribute] = []
            for instance in fragment.instances {
                guard let attribute = instance.complete else {
                    let name = context.compact(fragment.name)
                    throw EntityError("The attribute '\(name)' or a part of it has no value.")
                }
                instances.append(attribute)
            }
            attributes.append(NamedAttribute(name: fragment.name, instances: instances))
        }
        return attributes
    }

    /// Reads the parts of an entity that the object has.
    package func fragment(_ json: JSONValue) throws(EntityError) -> EntityFragment {
        guard case .object(let object) = json else {
            throw EntityError("An entity is a JSON object, not \(json.excerpt).")
        }
        var fragment = EntityFragment()
        fragment.attributes.reserveCapacity(object.count)
        var names = GrowingIndex<IRI>()
        for (key, value) in object.members {
            switch key {
            case "id", "@id":
                guard fragment.id == nil else { throw Self.twice("id") }
                fragment.id = EntityID(try identifier(value, at: key))
            case "type", "@type":
                guard fragment.types.isEmpty else { throw Self.twice("type") }
                fragment.types = try types(value)
            case "scope":
                fragment.scopes = try scopes(value)
                fragment.removesScopes = NGSILDNull.isNull(value)
            case "expiresAt" where NGSILDNull.isNull(value) && options.allowsNull:
                fragment.removesExpiry = true
            case "expiresAt": fragment.expiresAt = try timestamp(value, at: key)
            case "@context", "createdAt", "modifiedAt", "deletedAt": break
            default: try add(value, as: key, to: &fragment.attributes, &names)
            }
        }
        try limit(fragment.attributes.count, to: EntityLimits.attributes, "attributes")
        return fragment
    }

    private static func twice(_ member: String) -> EntityError {
        EntityError("'\(member)' and '@\(member)' are one member and cannot both be given.")
    }

    /// Throws for a request for an evolution that has more than an entity may have.
    ///
    /// For current state the change decides, because an entity that is too large already may stay
    /// as large.
    func limit(_ count: Int, to most: Int, _ what: String) throws(EntityError) {
        guard options.isTemporal, count > most else { return }
        throw EntityError(EntityLimits.sentence("\(most) \(what)"))
    }

    // MARK: Members of an entity

    private func add(
        _ value: JSONValue,
        as key: String,
        to attributes: inout [NamedFragment],
        _ names: inout GrowingIndex<IRI>
    ) throws(EntityError) {
        let name = try attributeName(key)
        guard names.place(of: name, in: attributes, by: \.name) == nil else {
            throw EntityError("The attribute '\(key)' is given twice.")
        }
        let instances = try AttributeReader(entity: self, key: key).instances(value)
        try checkGeography(instances, key: key)
        attributes.append(NamedFragment(name: name, instances: instances))
    }

    /// Throws unless a place of clause 4.7.1 is a GeoProperty (clause 5.2.4).
    private func checkGeography(
        _ instances: [AttributeFragment],
        key: String
    ) throws(EntityError) {
        guard Self.isPlace(key) else { return }
        for instance in instances where !instance.isNull {
            guard let kind = instance.kind, kind != .geoProperty else { continue }
            throw EntityError("'\(key)' is a GeoProperty, not a \(kind.term).")
        }
    }

    private static func isPlace(_ name: String) -> Bool {
        switch name {
        case "location", "observationSpace", "operationSpace": true
        default: false
        }
    }

    /// The expanded name; throws when an attribute cannot have it.
    package func attributeName(_ key: String) throws(EntityError) -> IRI {
        guard Name.isValid(key) else {
            throw EntityError("'\(key)' is not a valid attribute name (clause 4.6.2).")
        }
        guard !Self.isReserved(key) else {
            throw EntityError("'\(key)' is not an attribute: it has a meaning of its own.")
        }
        return try expanded(key)
    }

    /// The IRI that the name stands for.
    func expanded(_ name: String) throws(EntityError) -> IRI {
        let iri = context.expand(name)
        if let obstacle = context.obstacle(name, iri) { throw EntityError(obstacle) }
        return iri
    }

    /// Whether it is a core term for a non-reified property, which cannot be an attribute (clause
    /// 4.5.1).
    private static func isReserved(_ name: String) -> Bool {
        switch name {
        case "datasetId", "instanceId", "observedAt", "unitCode", "object", "languageMap",
            "valueList",
            "objectList", "objectType":
            true
        default: false
        }
    }

    /// The keywords of JSON-LD and their aliases (annex B), which name nothing else.
    private static let keywords: Set<String> = ["id", "type", "@id", "@type"]

    private func types(_ value: JSONValue) throws(EntityError) -> [IRI] {
        var types: [IRI] = []
        var known = GrowingIndex<IRI>()
        for element in value.arrayValue ?? [value] {
            guard let name = element.stringValue, !Self.keywords.contains(name),
                Name.isValid(name)
            else {
                throw EntityError(
                    "'type' is a name or an array of names (clause 4.6.2), not \(value.excerpt)."
                )
            }
            let type = try expanded(name)
            if known.place(of: type, in: types, by: \.self) == nil { types.append(type) }
        }
        guard !types.isEmpty else { throw EntityError("'type' is an empty array.") }
        try limit(types.count, to: EntityLimits.types, "types")
        return types
    }

    func scopes(_ value: JSONValue) throws(EntityError) -> [String] {
        if NGSILDNull.isNull(value) {
            guard options.allowsNull else { throw nullError(at: "scope") }
            return []
        }
        var scopes: [String] = []
        var known = GrowingIndex<String>()
        for element in value.arrayValue ?? [value] {
            guard let scope = element.stringValue, Scope.isValid(scope) else {
                throw EntityError("'scope' is not a valid scope: \(element.excerpt) (clause 4.18).")
            }
            let normalized = Scope.normalized(scope)
            if known.place(of: normalized, in: scopes, by: \.self) == nil {
                scopes.append(normalized)
            }
        }
        try limit(scopes.count, to: EntityLimits.scopes, "scopes")
        return scopes
    }

    // MARK: Values

    /// The URI of an entity, which cannot be NGSI-LD Null (clause 5.5.4).
    private func identifier(_ value: JSONValue, at path: String) throws(EntityError) -> String {
        let uri = try uri(value, at: path)
        guard uri != NGSILDNull.uri else { throw nullError(at: path) }
        return uri
    }

    func uri(
        _ value: JSONValue,
        at path: some CustomStringConvertible
    ) throws(EntityError) -> String {
        guard let text = value.stringValue, URIText.isValid(text) else {
            throw EntityError("'\(path)' is not a URI: \(value.excerpt).")
        }
        return text
    }

    func timestamp(
        _ value: JSONValue,
        at path: some CustomStringConvertible
    ) throws(EntityError) -> Timestamp {
        guard let time = value.stringValue.flatMap({ Timestamp(dateTime: $0) }) else {
            throw EntityError("'\(path)' is not \(Timestamp.dateTimeFormat): \(value.excerpt).")
        }
        return time
    }

    func nullError(at path: some CustomStringConvertible) -> EntityError {
        EntityError("'\(path)' is urn:ngsi-ld:null; only updates and merges may remove this way.")
    }
}

/// The reason why JSON is not an entity: one sentence in the caller's words (BadRequestData).
package struct EntityError: Error, Sendable, Equatable {
    package var detail: String
    package init(_ detail: String) { self.detail = detail }
}

/// The grammar of scopes (clause 4.18).
package enum Scope {
    package static func isValid(_ text: String) -> Bool {
        let levels = levels(text)
        return !levels.isEmpty && text.utf8.count <= 1_024
            && levels.allSatisfy { Name.isPlain($0.unicodeScalars) }
    }

    /// The levels between the slashes; the first slash may be missing.
    ///
    /// Splits by code points, because a slash can be part of the same character as a mark after
    /// it.
    package static func levels(_ text: String) -> [Substring] {
        let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        let levels = parts.first?.isEmpty == true ? parts.dropFirst() : parts[...]
        return levels.map(Substring.init)
    }

    /// The scope with its leading slash, as scopes are stored.
    package static func normalized(_ text: String) -> String {
        text.utf8.first == UInt8(ascii: "/") ? text : "/" + text
    }
}
