import ContextModel

/// Writes the attributes of an entity in the normalized representation (clause 4.5.4).
extension JSONWriter {
    /// Begins an entity; call `endObject` at its end.
    mutating func beginEntity(id: String, type: String) {
        beginObject()
        key("id")
        string(id)
        key("type")
        string(type)
    }

    mutating func property(_ name: String, _ value: (inout JSONWriter) -> Void) {
        attribute(name, kind: "Property", valueKey: "value", value)
    }

    mutating func property(_ name: String, _ text: String) {
        property(name) { $0.string(text) }
    }

    mutating func relationship(_ name: String, _ target: String) {
        attribute(name, kind: "Relationship", valueKey: "object") { $0.string(target) }
    }

    /// Writes a location; the numbers keep their spelling.
    mutating func point(_ name: String, longitude: JSONNumber, latitude: JSONNumber) {
        key(name)
        point(longitude: longitude, latitude: latitude)
    }

    /// Writes the value of a location, without its name.
    mutating func point(longitude: JSONNumber, latitude: JSONNumber) {
        attribute(kind: "GeoProperty", valueKey: "value") { writer in
            writer.beginObject()
            writer.key("type")
            writer.string("Point")
            writer.key("coordinates")
            writer.beginArray()
            writer.number(longitude)
            writer.number(latitude)
            writer.endArray()
            writer.endObject()
        }
    }

    mutating func attribute(
        _ name: String,
        kind: String,
        valueKey: String,
        _ value: (inout JSONWriter) -> Void
    ) {
        key(name)
        attribute(kind: kind, valueKey: valueKey, value)
    }

    private mutating func attribute(
        kind: String,
        valueKey: String,
        _ value: (inout JSONWriter) -> Void
    ) {
        beginObject()
        key("type")
        string(kind)
        key(valueKey)
        value(&self)
        endObject()
    }
}
