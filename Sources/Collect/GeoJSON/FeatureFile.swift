import ContextModel

/// A file of GeoJSON features, each of which becomes an entity with its geometry as `location`.
package struct FeatureFile: ImportSource {
    private var features: FeatureReader
    private let names: FeatureNames?
    private var mapper: FeatureMapper?

    /// Each property becomes an attribute of its name.
    package init(_ source: any ByteSource, names: FeatureNames) {
        features = FeatureReader(source)
        self.names = names
    }

    /// The map says what becomes of properties; throws for one that is for tables alone.
    package init(_ source: any ByteSource, map: ColumnMap) throws(SourceError) {
        features = FeatureReader(source)
        names = nil
        mapper = try FeatureMapper(map)
    }

    package var extent: ImportExtent { features.extent }

    package mutating func next(into batch: inout ImportBatch) throws(SourceError) -> Bool {
        guard let found = try features.next() else { return false }
        switch found {
        case .problem(let problem): batch.add(problem)
        case .feature(let feature):
            do throws(RowRefusal) {
                try add(feature, to: &batch)
            } catch {
                batch.add(features.problem(error.reason))
            }
        }
        return true
    }
}

extension FeatureFile {
    private mutating func add(
        _ feature: JSONObject,
        to batch: inout ImportBatch
    ) throws(RowRefusal) {
        func origin(_ id: String) -> HubRequest.Origin {
            .init(entityID: id, file: features.file, line: features.startLine)
        }
        if let names {
            let entity = try FeatureEntity(feature, names: names)
            batch.add(entity: entity.json, origin: origin(entity.id))
        } else if let entity = try mapper?.entity(of: feature) {
            batch.add(
                entity: entity.serialized,
                origin: origin(entity.objectValue?["id"]?.stringValue ?? ""),
                as: mapper?.hasTime == true ? .readings : .upsert
            )
        }
    }
}

/// What entities made of features are called.
package struct FeatureNames: Sendable {
    /// The type of all; nil where features say it themselves, as a `type` among their properties.
    let type: String?
    /// The identifier, with properties in braces; nil for that of the feature itself.
    let id: Template?

    /// Throws when the identifier is no template.
    package init(type: String?, id: String?) throws(SourceError) {
        self.type = type
        self.id = try id.map { (text) throws(SourceError) in
            guard let template = Template(text) else {
                throw SourceError("`\(text)` has a brace without another.")
            }
            return template
        }
    }
}

/// The entity of one feature.
struct FeatureEntity {
    let id: String
    let json: [UInt8]

    /// Members of a feature's properties that say what the entity is, and are no attributes of it.
    private static let reserved: Set<String> = ["id", "type", "@context", "@id", "@type"]
    private static let attributeTypes: Set<String> = [
        "Property", "Relationship", "GeoProperty", "LanguageProperty", "VocabProperty",
        "ListProperty", "ListRelationship", "JsonProperty",
    ]

    init(_ feature: JSONObject, names: FeatureNames) throws(RowRefusal) {
        let properties = feature["properties"]?.objectValue ?? JSONObject()
        guard let type = names.type ?? properties["type"]?.stringValue else {
            throw RowRefusal(
                reason: "The feature has no `type` among its properties; give one with --type."
            )
        }
        id = try Self.identifier(feature, properties, type, names)
        var writer = JSONWriter(reservingBytes: 512)
        writer.beginEntity(id: id, type: type)
        for (name, value) in properties.members
        where value != .null && !Self.reserved.contains(name) {
            try Self.write(value, named: name, to: &writer)
        }
        if let geometry = feature["geometry"], geometry != .null {
            writer.attribute("location", kind: "GeoProperty", valueKey: "value") {
                $0.value(geometry)
            }
        }
        writer.endObject()
        json = writer.bytes
    }

    private static func identifier(
        _ feature: JSONObject,
        _ properties: JSONObject,
        _ type: String,
        _ names: FeatureNames
    ) throws(RowRefusal) -> String {
        if let template = names.id {
            var id = ""
            for part in template.parts {
                switch part {
                case .text(let text): id += text
                case .column(let name):
                    guard
                        let text = text(
                            name == "id" ? feature["id"] ?? properties[name] : properties[name]
                        )
                    else {
                        throw RowRefusal(reason: "The feature has no `\(name)` for its identifier.")
                    }
                    id += EntityName.percentEncoded(text)
                }
            }
            return id
        }
        guard let own = text(feature["id"]) ?? text(properties["id"]) else {
            throw RowRefusal(
                reason:
                    "The feature has no `id`; make one of its properties: --id 'urn:ngsi-ld:\(type):{name}'"
            )
        }
        return URIText.isValid(own) ? own : "urn:ngsi-ld:\(type):\(EntityName.percentEncoded(own))"
    }

    /// The text of a value that can be part of an identifier.
    private static func text(_ value: JSONValue?) -> String? {
        if let text = value?.stringValue { return text.isEmpty ? nil : text }
        return value?.numberValue?.literal
    }

    private static func write(
        _ value: JSONValue,
        named name: String,
        to writer: inout JSONWriter
    ) throws(RowRefusal) {
        guard name != "location" else {
            throw RowRefusal(
                reason: "The property `location` is where the geometry goes; rename it."
            )
        }
        guard isName(name) else {
            throw RowRefusal(
                reason:
                    "`\(name)` is no name for an attribute: it has letters, digits, `_`, `-` and `.`."
            )
        }
        // An attribute as NGSI-LD writes it, such as this hub's own features have, stays as it is.
        if let kind = value.objectValue?["type"]?.stringValue, attributeTypes.contains(kind) {
            writer.key(name)
            writer.value(value)
        } else {
            writer.property(name) { $0.value(value) }
        }
    }

    /// Whether the text can be the name of an attribute: a term or an IRI.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil
                    || "_-.:/#".unicodeScalars.contains($0)
            }
    }
}
