import Clauses
import ContextModel
import Storage
import Testing

@testable import Broker

@Suite(.clause("P_TEMPORAL_REP", "P_SIMPTEMPORAL_REP")) struct TemporalWriterTests {
    private let speed = LDContext.core.expand("speed")
    private let name = LDContext.core.expand("name")

    private var evolution: Evolution {
        var evolution = Evolution(
            id: EntityID("urn:bus:1"),
            types: [LDContext.core.expand("Bus")],
            attributes: [
                NamedAttribute(
                    name: speed,
                    instances: [
                        Attribute(
                            kind: .property,
                            value: 7,
                            observedAt: Timestamp(microseconds: 1_000_000)
                        )
                    ]
                ),
                NamedAttribute(name: name, instances: []),
            ]
        )
        evolution.kindsBeyondRange[name] = .languageProperty
        return evolution
    }

    private func written(
        _ format: TemporalWriter.Format,
        _ projection: Projection = Projection(),
        of evolution: Evolution? = nil,
        version: SpecificationVersion? = nil,
        languages: LanguageFilter? = nil
    ) throws -> JSONObject? {
        let writer = writer(format, projection, version, languages)
        var json = JSONWriter(reservingBytes: 256)
        writer.write(evolution ?? self.evolution, embedsContext: false, to: &json)
        return try JSONReader.read(json.bytes).objectValue
    }

    private func writer(
        _ format: TemporalWriter.Format,
        _ projection: Projection,
        _ version: SpecificationVersion? = nil,
        _ languages: LanguageFilter? = nil
    ) -> TemporalWriter {
        var representation = Representation(projection: projection, languages: languages)
        representation.version = version
        representation.showsEnds = true
        return TemporalWriter(
            format,
            timeProperty: .observedAt,
            entities: EntityWriter(representation, context: .core)
        )
    }

    @Test func `an attribute without instances in the range is present and empty`() throws {
        let instances = try written(.instances)
        #expect(instances?["name"] == [])
        #expect(instances?["speed"]?.arrayValue?.count == 1)
        let values = try written(.values)
        #expect(values?["name"] == ["type": "LanguageProperty", "languageMaps": []])
        #expect(
            values?["speed"] == ["type": "Property", "values": [[7, "1970-01-01T00:00:01Z"]]]
        )
    }

    @Test(.clause("LANGFILTER")) func `in one language a LanguageProperty is a Property`() throws {
        var spoken = evolution
        spoken.kindsBeyondRange = [:]
        spoken.attributes[1].instances = [
            Attribute(
                kind: .languageProperty,
                value: ["en": "Bus", "th": "รถ"],
                observedAt: Timestamp(microseconds: 1_000_000)
            )
        ]
        let writer = TemporalWriter(
            .values,
            timeProperty: .observedAt,
            entities: EntityWriter(
                Representation(languages: LanguageFilter(["th"])),
                context: .core
            )
        )
        var json = JSONWriter(reservingBytes: 256)
        writer.write(spoken, embedsContext: false, to: &json)
        #expect(
            try JSONReader.read(json.bytes).objectValue?["name"]
                == ["type": "Property", "values": [["รถ", "1970-01-01T00:00:01Z"]]]
        )
    }

    @Test(.clause("4.3.6.8")) func `an earlier version has its own kinds over time, too`() throws {
        var fitted = evolution
        fitted.kindsBeyondRange = [:]
        let datasets: [String?] = [nil, nil, "urn:d:1"]
        let instances = datasets.map { dataset in
            Attribute(
                kind: .listProperty,
                value: [1, 2],
                datasetID: dataset,
                observedAt: Timestamp(microseconds: 1_000_000)
            )
        }
        fitted.attributes = [NamedAttribute(name: speed, instances: instances)]
        func shown(_ version: SpecificationVersion) throws -> JSONValue? {
            var representation = Representation()
            representation.version = version
            let writer = TemporalWriter(
                .values,
                timeProperty: .observedAt,
                entities: EntityWriter(representation, context: .core)
            )
            var json = JSONWriter(reservingBytes: 256)
            writer.write(fitted, embedsContext: false, to: &json)
            return try JSONReader.read(json.bytes).objectValue?["speed"]
        }
        let list = try shown(SpecificationVersion(1, 7))?.arrayValue
        #expect(list?.map { $0.objectValue?["type"] } == ["Property", "Property"])
        let moment: JSONValue = [[1, 2], "1970-01-01T00:00:01Z"]
        #expect(
            try shown(SpecificationVersion(1, 0))
                == ["type": "Property", "values": [moment, moment]]
        )
        #expect(try shown(.own)?.arrayValue?[0].objectValue?["type"] == "ListProperty")
    }

    private func speeds(_ datasets: [String?]) -> [AggregatedAttribute] {
        datasets.map { dataset in
            AggregatedAttribute(name: speed, kind: .listProperty, datasetID: dataset, values: [])
        }
    }

    @Test(.clause("4.3.6.8"), arguments: [[nil, "urn:d:1"], ["urn:d:1", "urn:d:2"]])
    func `so are aggregates and attributes beyond the range`(datasets: [String?]) throws {
        var aggregated = evolution
        aggregated.aggregates = speeds(datasets)
        let later = SpecificationVersion(1, 7)
        let list = try written(.aggregates, of: aggregated, version: later)?["speed"]?.arrayValue
        #expect(list?.map { $0.objectValue?["type"] } == ["Property", "Property"])
        let first = SpecificationVersion(1, 0)
        let one = try written(.aggregates, of: aggregated, version: first)
        #expect(one?["speed"] == ["type": "Property"])
        let empty: JSONValue = ["type": "Property", "values": []]
        #expect(try written(.values, version: first)?["name"] == empty)
        #expect(try written(.values, languages: LanguageFilter(["th"]))?["name"] == empty)
    }

    @Test(.clause("4.5.6")) func `scopes are represented like a Property`() throws {
        var scoped = evolution
        let (first, end) = (Timestamp(microseconds: 2_000_000), Timestamp(microseconds: 3_000_000))
        scoped.scopes = [
            Attribute(kind: .property, value: JSONValue(scopes: ["/A", "/B"]), observedAt: first),
            Attribute(
                kind: .property,
                value: JSONValue(scopes: []),
                observedAt: end,
                details: AttributeDetails(deletedAt: end)
            ),
        ]
        #expect(
            try written(.instances, of: scoped)?["scope"] == [
                ["type": "Property", "value": ["/A", "/B"], "observedAt": "1970-01-01T00:00:02Z"],
                [
                    "type": "Property", "value": "urn:ngsi-ld:null",
                    "observedAt": "1970-01-01T00:00:03Z", "deletedAt": "1970-01-01T00:00:03Z",
                ],
            ]
        )
        #expect(
            try written(.values, of: scoped)?["scope"] == [
                "type": "Property",
                "values": [
                    [["/A", "/B"], "1970-01-01T00:00:02Z"],
                    ["urn:ngsi-ld:null", "1970-01-01T00:00:03Z"],
                ],
            ]
        )
        #expect(try written(.aggregates, of: scoped)?["scope"] == nil)
        let hidden = Projection(omittedEntityMembers: ["scope"])
        #expect(try written(.instances, hidden, of: scoped)?["scope"] == nil)
    }

    @Test func `an evolution without anything to show is recognised`() {
        let members: Set<String> = ["id", "type"]
        let nothing = Projection(
            omittedAttributes: [speed, name],
            omittedEntityMembers: members
        )
        let something = Projection(omittedAttributes: [speed], omittedEntityMembers: members)
        #expect(!writer(.instances, nothing).shows(evolution))
        #expect(writer(.instances, something).shows(evolution))
    }
}
