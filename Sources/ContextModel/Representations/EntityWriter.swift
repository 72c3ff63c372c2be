/// Writes entities as JSON in the requested representation, with names compacted with the caller's
/// `@context`.
package struct EntityWriter: Sendable {
    package let representation: Representation
    package let context: LDContext
    let linked: LinkedEntities?

    package init(
        _ representation: Representation,
        context: LDContext,
        linked: LinkedEntities? = nil
    ) {
        self.representation = representation
        self.context = context
        self.linked = linked
    }

    /// A copy of the writer that shows other parts of entities.
    func showing(_ projection: Projection, linked: LinkedEntities? = nil) -> EntityWriter {
        var representation = representation
        representation.projection = projection
        return EntityWriter(representation, context: context, linked: linked)
    }

    /// The entities to write after those asked for.
    var appended: [AppendedEntity] {
        if case .appended(let entities)? = linked { entities } else { [] }
    }

    /// Writes the entities as an array, followed by the Linked Entities of the flattened
    /// representation.
    package func write(
        _ entities: [Entity],
        embedsContext: Bool = false,
        to writer: inout JSONWriter
    ) {
        let reference = Optional(context.embedded)
        write(entities, embedding: embedsContext ? reference : .none, to: &writer)
    }

    /// The same, with the `@context` for each entity given by the caller of this function.
    package func write(
        _ entities: [Entity],
        embedding reference: JSONValue?,
        to writer: inout JSONWriter
    ) {
        writer.beginArray()
        for entity in entities { write(entity, embedding: reference, to: &writer) }
        writeAppended(embedding: reference, to: &writer)
        writer.endArray()
    }

    func writeAppended(embedding reference: JSONValue?, to writer: inout JSONWriter) {
        for item in appended {
            showing(item.projection).write(item.entity, embedding: reference, to: &writer)
        }
    }

    /// Writes the entity as one JSON object, with `@context` when the body must have it (clause
    /// 6.3.5).
    package func write(
        _ entity: Entity,
        embedsContext: Bool = false,
        to writer: inout JSONWriter
    ) {
        let reference = Optional(context.embedded)
        write(entity, embedding: embedsContext ? reference : .none, to: &writer)
    }

    /// The same, with the `@context` given by the caller of this function.
    package func write(
        _ entity: Entity,
        embedding reference: JSONValue?,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        if representation.projection.shows(member: "id") {
            writer.key("id")
            writer.string(entity.id.uri)
        }
        writeMembers(of: entity, to: &writer)
        if let reference {
            writer.key("@context")
            writer.value(reference)
        }
        writer.endObject()
    }

    /// Writes the members of the entity except `id` and `@context`.
    func writeMembers(of entity: Entity, to writer: inout JSONWriter) {
        let entity = representation.version.map { entity.conforming(to: $0, context) } ?? entity
        let projection = representation.projection
        if projection.shows(member: "type") { writeTypes(entity.types, to: &writer) }
        if !entity.scopes.isEmpty, projection.shows(member: "scope") {
            writer.key("scope")
            Self.writeOneOrMany(entity.scopes, to: &writer)
        }
        writer.member("deletedAt", entity.deletedAt)
        if representation.showsSystemAttributes {
            if projection.shows(member: "expiresAt") {
                writer.member("expiresAt", entity.expiresAt)
            }
            if projection.shows(member: "createdAt") {
                writer.member("createdAt", entity.createdAt)
            }
            if projection.shows(member: "modifiedAt") {
                writer.member("modifiedAt", entity.modifiedAt)
            }
        }
        for attribute in entity.attributes where projection.shows(attribute.name) {
            let links =
                linked == nil ? nil : EntityLinks(of: attribute, in: entity.id, writer: self)
            writeAttribute(attribute, links: links, to: &writer)
        }
    }

    /// Writes the `type` member.
    package func writeTypes(_ types: [IRI], to writer: inout JSONWriter) {
        writer.key("type")
        if types.count == 1 {
            writer.string(context.compact(types[0]))
        } else {
            Self.writeOneOrMany(types.map(context.compact), to: &writer)
        }
    }

    /// Writes one text as a string and several as an array.
    package static func writeOneOrMany(_ texts: [String], to writer: inout JSONWriter) {
        if texts.count == 1 { return writer.string(texts[0]) }
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
    }

    // MARK: Attributes

    private func writeAttribute(
        _ attribute: NamedAttribute,
        links: EntityLinks?,
        to writer: inout JSONWriter
    ) {
        let instances: [Attribute]
        if let wanted = representation.datasetIDs {
            instances = attribute.instances.filter { wanted.contains($0.datasetID) }
            if instances.isEmpty { return }
        } else {
            instances = attribute.instances
        }
        writer.key(context.compact(attribute.name))
        write(instances, links: links, to: &writer)
    }

    func write(
        _ instances: [Attribute],
        links: EntityLinks? = nil,
        to writer: inout JSONWriter
    ) {
        if instances.count == 1, let only = instances.first {
            // A single instance with a datasetId shows it, even when simplified (clause 4.5.5).
            if representation.format == .simplified, only.datasetID != nil {
                return writeDatasets(instances, links: links, to: &writer)
            }
            return write(only, links: links, to: &writer)
        }
        if representation.format == .simplified {
            return writeDatasets(instances, links: links, to: &writer)
        }
        writer.beginArray()
        for instance in instances {
            write(instance, links: links, isOneOfSeveral: true, to: &writer)
        }
        writer.endArray()
    }

    /// Writes several simplified instances by their `datasetId` (clause 4.5.4).
    private func writeDatasets(
        _ instances: [Attribute],
        links: EntityLinks?,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("dataset")
        writer.beginObject()
        for instance in instances {
            writer.key(instance.datasetID ?? "@none")
            writeSimplified(instance, links: links, to: &writer)
        }
        writer.endObject()
        writer.endObject()
    }

    /// Writes one of several instances of an attribute.
    package func write(_ attribute: Attribute, to writer: inout JSONWriter) {
        write(attribute, links: nil, isOneOfSeveral: true, to: &writer)
    }

    /// Writes an instance; one of several is an object in every representation (clauses 4.5.2.3
    /// and 4.5.5).
    ///
    /// An array of bare values could not be distinguished from a value.
    private func write(
        _ attribute: Attribute,
        links: EntityLinks?,
        isOneOfSeveral: Bool = false,
        to writer: inout JSONWriter
    ) {
        if !isOneOfSeveral, isAbridged(attribute) { return writer.string(NGSILDNull.uri) }
        switch representation.format {
        case .simplified: writeSimplified(attribute, links: links, to: &writer)
        case .concise where !isOneOfSeveral && standsAlone(attribute):
            writer.value(attribute.value)
        case .concise, .normalized: writeReified(attribute, links: links, to: &writer)
        }
    }

    /// Whether the attribute is shown only as deleted (clause 5.8.6).
    ///
    /// The normalized representation also has its type, because an attribute is an object there
    /// (clause 4.5.1).
    private func isAbridged(_ attribute: Attribute) -> Bool {
        guard representation.abridgesDeletedAttributes, representation.format != .normalized,
            let details = attribute.details
        else { return false }
        return details.deletedAt != nil && details.previousValue == nil
            && attribute.datasetID == nil && !representation.showsSystemAttributes
    }

    /// Whether the concise representation is the bare value (clause 4.5.0): there is nothing else
    /// to write, and the value cannot be mistaken for an attribute.
    private func standsAlone(_ attribute: Attribute) -> Bool {
        guard attribute.kind == .property || attribute.kind == .geoProperty,
            attribute.datasetID == nil, attribute.observedAt == nil, attribute.unitCode == nil,
            attribute.attributes.isEmpty, attribute.details == nil,
            !representation.showsSystemAttributes
        else { return false }
        return attribute.kind == .geoProperty || attribute.value.isBareInConcise
    }

    private func writeReified(
        _ attribute: Attribute,
        links: EntityLinks?,
        to writer: inout JSONWriter
    ) {
        let choice = languageChoice(for: attribute)
        writer.beginObject()
        // In the concise representation a geometry would be mistaken for the value of a
        // GeoProperty.
        let isUnlikeItsValue = attribute.kind == .property && attribute.value.isGeometry
        if representation.format == .normalized || isUnlikeItsValue {
            writer.key("type")
            writer.string((choice == nil ? attribute.kind : .property).term)
        }
        if let choice {
            writer.key("value")
            writer.value(choice.text)
            writer.key("lang")
            writer.string(choice.language)
        } else {
            writer.key(attribute.kind.valueMember)
            writeValue(attribute.value, kind: attribute.kind, to: &writer)
        }
        links?.writeMember(of: attribute, to: &writer)
        writeMembers(of: attribute, to: &writer)
        for sub in attribute.attributes {
            writer.key(context.compact(sub.name))
            write(sub.instances, to: &writer)
        }
        writer.endObject()
    }

    private func writeMembers(of attribute: Attribute, to writer: inout JSONWriter) {
        writer.member("observedAt", attribute.observedAt)
        writer.member("unitCode", attribute.unitCode)
        writer.member("datasetId", attribute.datasetID)
        if let details = attribute.details {
            write(details, kind: attribute.kind, to: &writer)
        }
        if representation.showsSystemAttributes {
            writer.member("createdAt", attribute.createdAt)
            writer.member("modifiedAt", attribute.modifiedAt)
        }
    }

    func write(
        _ details: AttributeDetails,
        kind: Attribute.Kind,
        to writer: inout JSONWriter
    ) {
        writer.member("instanceId", details.instanceID)
        if representation.showsSystemAttributes { writer.member("expiresAt", details.expiresAt) }
        if !details.objectTypes.isEmpty {
            writer.key("objectType")
            Self.writeOneOrMany(details.objectTypes.map(context.compact), to: &writer)
        }
        writer.member("valueType", details.valueType)
        if let previous = details.previousValue {
            writer.key(kind.previousValueMember)
            writeValue(previous, kind: kind, to: &writer)
        }
        if let proof = details.proof { write(proof: proof, to: &writer) }
        if representation.showsSystemAttributes || representation.showsEnds {
            writer.member("deletedAt", details.deletedAt)
        }
    }

    /// Writes a proof of the attribute, or the sealed members of the entity's own proof.
    private func write(proof: JSONValue, to writer: inout JSONWriter) {
        guard let sealed = proof.objectValue, sealed["value"] == nil else {
            writer.key("ngsildproof")
            return writer.value(proof)
        }
        writer.member("entityIdSealed", sealed["entityIdSealed"]?.stringValue)
        writer.member(
            "entityTypeSealed",
            sealed["entityTypeSealed"]?.stringValue.map { context.compact(IRI($0)) }
        )
    }

    // MARK: Values

    /// Writes the value of an instance alone (clause 4.5.4).
    package func writeSimplified(_ attribute: Attribute, to writer: inout JSONWriter) {
        writeSimplified(attribute, links: nil, to: &writer)
    }

    private func writeSimplified(
        _ attribute: Attribute,
        links: EntityLinks?,
        to writer: inout JSONWriter
    ) {
        if let links, !attribute.targets.isEmpty {
            return links.writeSimplified(attribute, to: &writer)
        }
        switch attribute.kind {
        case .property, .geoProperty, .relationship, .listProperty, .listRelationship:
            writer.value(attribute.value)
        case .languageProperty:
            if let choice = languageChoice(for: attribute) { return writer.value(choice.text) }
            fallthrough
        case .vocabProperty, .jsonProperty:
            writer.beginObject()
            writer.key(attribute.kind.valueMember)
            writeValue(attribute.value, kind: attribute.kind, to: &writer)
            writer.endObject()
        }
    }

    /// The value of an instance alone, as JSON: vocabulary compacted, and a text in the preferred language.
    package func shownValue(of attribute: Attribute) -> JSONValue {
        switch attribute.kind {
        case .languageProperty: languageChoice(for: attribute)?.text ?? attribute.value
        case .vocabProperty: compacted(attribute.value)
        default: attribute.value
        }
    }

    private func compacted(_ names: JSONValue) -> JSONValue {
        if let list = names.arrayValue { return .array(list.map(compacted)) }
        guard let iri = names.stringValue, iri != NGSILDNull.uri else { return names }
        return .string(context.compact(IRI(iri)))
    }

    /// Writes the content of the value member: vocabulary compacted, lists of objects as in clause
    /// 4.5.22.2.
    func writeValue(_ value: JSONValue, kind: Attribute.Kind, to writer: inout JSONWriter) {
        switch (kind, value) {
        case (.vocabProperty, _): writer.value(compacted(value))
        case (.listRelationship, .array(let objects)):
            writer.beginArray()
            for object in objects {
                writer.beginObject()
                writer.key("object")
                writer.value(object)
                writer.endObject()
            }
            writer.endArray()
        default: writer.value(value)
        }
    }

    /// The text in the language that the caller prefers most (clause 4.15).
    private func languageChoice(for attribute: Attribute) -> (text: JSONValue, language: String)? {
        guard attribute.kind == .languageProperty, let wanted = representation.languages,
            case .object(let map) = attribute.value,
            let language = wanted.choice(among: map.members.map(\.key)), let text = map[language]
        else { return nil }
        return (text, language)
    }
}

extension JSONValue {
    /// Whether the value alone can be the concise Property: it cannot be mistaken for an attribute
    /// or for its instances.
    var isBareInConcise: Bool {
        switch self {
        case .object: false
        case .array(let elements): !AttributeReader.areInstances(elements)
        case .null, .bool, .number, .string: true
        }
    }

    var isGeometry: Bool { objectValue.map(GeometryTypes.isGeometry) ?? false }
}

extension JSONWriter {
    /// Writes the member if there is a value.
    package mutating func member(_ key: String, _ time: Timestamp?) {
        guard let time else { return }
        self.key(key)
        timestamp(time)
    }

    /// Writes the member if there is a value.
    package mutating func member(_ key: String, _ text: String?) {
        guard let text else { return }
        self.key(key)
        string(text)
    }
}
