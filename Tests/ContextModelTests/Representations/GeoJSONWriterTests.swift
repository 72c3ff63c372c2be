import Clauses
import ContextModel
import Testing

@Suite(.clause("4.5.16", "4.5.17", "6.3.15")) struct GeoJSONWriterTests {
    private static func bus(_ members: JSONObject) throws -> Entity {
        var members = members
        members["id"] = "urn:x:1"
        members["type"] = "Bus"
        return try EntityReader(context: .core).entity(.object(members))
    }

    private func text(
        geometry: IRI = .location,
        datasetID: String? = nil,
        _ write: (GeoJSONWriter, inout JSONWriter) throws -> Void
    ) rethrows -> String {
        let entities = EntityWriter(Representation(format: .simplified), context: .core)
        let writer = GeoJSONWriter(
            entities: entities,
            geometryProperty: geometry,
            datasetID: datasetID
        )
        var json = JSONWriter(reservingBytes: 256)
        try write(writer, &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static let point: JSONValue = ["type": "Point", "coordinates": [1, 2]]

    @Test func `an entity is a Feature with its geometry`() throws {
        let bus = try Self.bus(["location": Self.point, "speed": 3])
        #expect(
            text { $0.write(bus, to: &$1) } == """
                {"id":"urn:x:1","type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},\
                "properties":{"type":"Bus","location":{"type":"Point","coordinates":[1,2]},\
                "speed":3}}
                """
        )
    }

    @Test(arguments: [[:], ["stop": 1]] as [JSONObject])
    func `without a geometry it is null`(members: JSONObject) throws {
        let bus = try Self.bus(members)
        let stop = LDContext.core.expand("stop")
        #expect(text { $0.write(bus, to: &$1) }.contains(#""geometry":null"#))
        #expect(text(geometry: stop) { $0.write(bus, to: &$1) }.contains(#""geometry":null"#))
    }

    @Test func `another GeoProperty, or instance of it, may be the geometry`() throws {
        let bus = try Self.bus([
            "location": Self.point,
            "stop": [
                "type": "GeoProperty", "datasetId": "urn:x:plan",
                "value": ["type": "Point", "coordinates": [5, 6]],
            ],
        ])
        let stop = LDContext.core.expand("stop")
        let planned = text(geometry: stop, datasetID: "urn:x:plan") { $0.write(bus, to: &$1) }
        #expect(planned.contains(#""geometry":{"type":"Point","coordinates":[5,6]}"#))
        #expect(text(geometry: stop) { $0.write(bus, to: &$1) }.contains(#""geometry":null"#))
    }

    @Test func `several are a FeatureCollection with one @context`() throws {
        let bus = try Self.bus([:])
        let feature =
            #"{"id":"urn:x:1","type":"Feature","geometry":null,"properties":{"type":"Bus"}}"#
        #expect(
            text { $0.write([bus, bus], embedsContext: true, to: &$1) } == """
                {"type":"FeatureCollection","features":[\(feature),\(feature)],\
                "@context":"\(CoreContext.url)"}
                """
        )
        #expect(text { $0.write([], to: &$1) } == #"{"type":"FeatureCollection","features":[]}"#)
    }
}
