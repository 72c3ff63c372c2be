extension Attribute.Kind {
    /// The `type` of an attribute of this kind (clause 4.5).
    package var term: String {
        switch self {
        case .property: "Property"
        case .relationship: "Relationship"
        case .geoProperty: "GeoProperty"
        case .languageProperty: "LanguageProperty"
        case .vocabProperty: "VocabProperty"
        case .jsonProperty: "JsonProperty"
        case .listProperty: "ListProperty"
        case .listRelationship: "ListRelationship"
        }
    }

    /// The member that holds the value of an attribute of this kind.
    package var valueMember: String {
        switch self {
        case .property, .geoProperty: "value"
        case .relationship: "object"
        case .languageProperty: "languageMap"
        case .vocabProperty: "vocab"
        case .jsonProperty: "json"
        case .listProperty: "valueList"
        case .listRelationship: "objectList"
        }
    }

    /// The member that holds the previous value (clause 5.8.6, `showChanges`).
    package var previousValueMember: String {
        switch self {
        case .property, .geoProperty: "previousValue"
        case .relationship: "previousObject"
        case .languageProperty: "previousLanguageMap"
        case .vocabProperty: "previousVocab"
        case .jsonProperty: "previousJson"
        case .listProperty: "previousValueList"
        case .listRelationship: "previousObjectList"
        }
    }

    /// The plural member of the simplified temporal representation (clause 4.5.9).
    package var temporalValuesMember: String {
        switch self {
        case .property, .geoProperty: "values"
        case .relationship: "objects"
        case .languageProperty: "languageMaps"
        case .vocabProperty: "vocabs"
        case .jsonProperty: "jsons"
        case .listProperty: "valueLists"
        case .listRelationship: "objectLists"
        }
    }

    /// The kind with this `type`.
    package init?(term: String) {
        switch term {
        case "Property": self = .property
        case "Relationship": self = .relationship
        case "GeoProperty": self = .geoProperty
        case "LanguageProperty": self = .languageProperty
        case "VocabProperty": self = .vocabProperty
        case "JsonProperty": self = .jsonProperty
        case "ListProperty": self = .listProperty
        case "ListRelationship": self = .listRelationship
        default: return nil
        }
    }

    /// The kind that a value member implies in the concise representation (clause 4.5.4).
    package init?(valueMember: String) {
        switch valueMember {
        case "value": self = .property
        case "object": self = .relationship
        case "languageMap": self = .languageProperty
        case "vocab": self = .vocabProperty
        case "json": self = .jsonProperty
        case "valueList": self = .listProperty
        case "objectList": self = .listRelationship
        default: return nil
        }
    }
}

/// The types of GeoJSON geometries (RFC 7946).
enum GeometryTypes {
    private static func isName(_ type: String) -> Bool {
        switch type {
        case "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
            "GeometryCollection":
            true
        default: false
        }
    }

    /// Whether an object looks like a geometry: enough to distinguish it from an attribute.
    static func isGeometry(_ object: JSONObject) -> Bool {
        guard let type = object["type"]?.stringValue, isName(type) else { return false }
        return object["coordinates"] != nil || object["geometries"] != nil
    }

    /// A geometry given as a JSON string (clause 4.7.2), as an object.
    static func decoded(_ value: JSONValue) -> JSONValue {
        guard let text = value.stringValue,
            let json = try? JSONReader.read(Array(text.utf8))
        else { return value }
        return json
    }

    /// The reason why a value is not a geometry of clause 4.7.1; nil if it is one.
    static func problem(with value: JSONValue) -> String? {
        if value.objectValue?["type"]?.stringValue == "GeometryCollection" {
            return "A GeometryCollection is not allowed here (clause 4.7.1)."
        }
        do throws(GeometryError) {
            _ = try Geometry(geoJSON: value)
            return nil
        } catch {
            return error.description
        }
    }
}

extension JSONValue {
    /// The value as a short quotation on one line, for messages.
    package var excerpt: String {
        let text = self.text
        return text.count <= 60 ? text : text.prefix(57) + "…"
    }
}
