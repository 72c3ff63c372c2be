import ContextModel
import Storage

/// Writes readings as features of a GeoJSON FeatureCollection (RFC 7946), each with the columns of a
/// `ReadingTable` as its properties.
///
/// The place is where the entity was at that time, as far as the same part of its history tells, or else where
/// it is now. The readings of the place itself are features without a value.
struct ReadingFeatures: Sendable {
    let entities: EntityWriter
    let timeProperty: TemporalTest.Property

    static let head = Array(#"{"type":"FeatureCollection","features":["#.utf8)
    static let tail = Array("]}".utf8)

    /// Writes the features of a part of a history; `present` is where the entity is now.
    func write(
        _ evolution: Evolution,
        at present: JSONValue?,
        after hasFeature: inout Bool,
        to bytes: inout [UInt8]
    ) {
        let track = evolution.attributes.first { $0.name == .location }?.instances ?? []
        for attribute in evolution.attributes
        where entities.representation.projection.shows(attribute.name) {
            var place = 0
            for instance in attribute.instances {
                let time = instance.time(timeProperty)
                while let time, place < track.count,
                    (track[place].time(timeProperty) ?? time) <= time
                {
                    place += 1
                }
                if hasFeature { bytes.append(UInt8(ascii: ",")) }
                hasFeature = true
                let geometry = place > 0 ? track[place - 1].value : present ?? track.first?.value
                var json = JSONWriter()
                write(evolution, attribute.name, instance, geometry ?? .null, to: &json)
                bytes.append(contentsOf: json.bytes)
            }
        }
    }

    private func write(
        _ evolution: Evolution,
        _ name: IRI,
        _ instance: Attribute,
        _ geometry: JSONValue,
        to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("type")
        json.string("Feature")
        json.key("geometry")
        json.value(geometry)
        json.key("properties")
        json.beginObject()
        json.member("time", instance.time(timeProperty))
        json.key("id")
        json.string(evolution.id.uri)
        json.key("type")
        json.string(entities.typeText(evolution.types))
        json.key("attribute")
        json.string(entities.columnName(name, instance.datasetID))
        if instance.kind != .geoProperty {
            json.key("value")
            json.value(entities.shownValue(of: instance))
        }
        json.member("unit", instance.unitCode)
        json.endObject()
        json.endObject()
    }
}
