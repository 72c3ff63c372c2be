import ContextModel
import Storage

/// Writes readings as features of a GeoJSON FeatureCollection (RFC 7946), each with the columns of a
/// `ReadingTable` as its properties.
///
/// The place is where the entity was at that time, as far as `location` is among what is shown, or else where
/// it is now. The readings of the place itself are features without a value.
struct ReadingFeatures: Sendable {
    let entities: EntityWriter
    let timeProperty: TemporalTest.Property

    static let head = Array(#"{"type":"FeatureCollection","features":["#.utf8)
    static let tail = Array("]}".utf8)

    /// What was written before, on which the features that follow depend.
    struct Progress: Sendable {
        /// A comma stands before every feature but the first.
        var hasFeature = false
        /// Where an entity was at the end of the part of its history that was written last.
        var place: (id: EntityID, geometry: JSONValue)?
    }

    /// Writes the features of a part of a history; `present` is where the entity is now.
    func write(
        _ evolution: Evolution,
        at present: JSONValue?,
        after progress: inout Progress,
        to bytes: inout [UInt8]
    ) {
        let track = track(of: evolution)
        let before = progress.place?.id == evolution.id ? progress.place?.geometry : nil
        for attribute in evolution.attributes
        where entities.representation.projection.shows(attribute.name) {
            var place = 0
            for instance in attribute.instances
            where entities.shows(instance, ends: timeProperty == .deletedAt) {
                let time = instance.momentInTable(timeProperty)
                while let time, place < track.count, track[place].time <= time { place += 1 }
                let geometry =
                    place > 0
                    ? track[place - 1].geometry : before ?? track.first?.geometry ?? present
                if progress.hasFeature { bytes.append(UInt8(ascii: ",")) }
                progress.hasFeature = true
                var json = JSONWriter()
                write(evolution, attribute.name, instance, geometry ?? .null, to: &json)
                bytes.append(contentsOf: json.bytes)
            }
        }
        if let end = track.last?.geometry ?? before { progress.place = (evolution.id, end) }
    }

    /// Where the entity was, and since when; without a geometry where its place ended.
    private func track(of evolution: Evolution) -> [(time: Timestamp, geometry: JSONValue?)] {
        let places = evolution.attributes.first { $0.name == .location }?.instances ?? []
        return places.compactMap { instance in
            guard instance.datasetID == nil, instance.kind == .geoProperty,
                let time = instance.momentInTable(timeProperty)
            else { return nil }
            return (time, instance.details?.deletedAt == nil ? instance.value : nil)
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
        json.member("time", instance.momentInTable(timeProperty))
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
