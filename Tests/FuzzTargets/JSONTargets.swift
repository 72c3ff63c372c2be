import ContextModel
import Storage

extension FuzzTarget {
    static let jsonTargets = [json, geoJSON, entity, fragment, codec, context]

    private static let documents = [
        #"{"a":[1,-0,1.10,1e400,2.5E-7,true,false,null],"b":{"c":"\u00e9\ud83d\ude00\n"}}"#,
        #" [ [ [ ] ] , { } , "กรุงเทพ 😀" , 9007199254740993 ] "#, #""text""#, "0.1",
    ]

    private static let json = FuzzTarget("json", bytes: documents.map { Array($0.utf8) }) {
        bytes throws(BrokenPromise) in
        guard let value = try? JSONReader.read(bytes) else { return false }
        try BrokenPromise.unlessSame(value, try? JSONReader.read(value.serialized), "JSON")
        return true
    }

    private static let geoJSON = FuzzTarget(
        "geojson",
        seeds: [
            #"{"type":"Point","coordinates":[98.39,7.88,12]}"#,
            #"{"type":"LineString","coordinates":[[98.3,7.8],[98.4,7.9]]}"#,
            #"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}"#,
            #"{"type":"MultiPolygon","coordinates":[[[[0,0],[4,4],[0,4],[4,0],[0,0]]]]}"#,
            #"{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[[-180,90]]}]}"#,
        ]
    ) { text throws(BrokenPromise) in
        guard let value = try? JSONReader.read(text),
            let geometry = try? Geometry(geoJSON: value)
        else { return false }
        _ = GeoBox(geometry)?.widened(byMeters: 1_000)
        guard Geodesy.meters(from: geometry, to: geometry) <= 0.001 else {
            throw BrokenPromise("It is away from itself: \(geometry)")
        }
        return true
    }

    // MARK: Entities

    private static let entities = [
        #"""
        {"id":"urn:x:1","type":["Bus","Tram"],"scope":["/A/B","/C"],"expiresAt":"2100-01-31T08:00:00Z",
        "speed":[{"type":"Property","value":31.5,"unitCode":"KMH","observedAt":"2026-01-31T08:00:00.5Z",
        "accuracy":{"type":"Property","value":{"a":[1,null]}}},{"value":30,"datasetId":"urn:x:gps"}],
        "line":{"object":["urn:x:2","urn:x:3"],"objectType":"Line"},
        "location":{"value":{"type":"Point","coordinates":[98.39,7.88]}}}
        """#,
        #"""
        {"id":"urn:x:1","type":"T","name":{"languageMap":{"en":"bus","th":["รถ"],"@none":"x"}},
        "kind":{"type":"VocabProperty","vocab":["a","b"]},"raw":{"json":{"id":null,"@x":[{}]}},
        "list":{"valueList":[1,"a",[2]]},"stops":{"objectList":[{"object":"urn:x:4"}]},
        "plain":7,"at":{"type":"Property","value":{"@type":"DateTime","@value":"2026-01-31T08:00:00Z"}},
        "proof":{"type":"Property","value":1,"ngsildproof":{"type":"Property","value":{"a":1}}}}
        """#,
    ]

    private static let entity = FuzzTarget("entity", seeds: entities) {
        text throws(BrokenPromise) in
        guard let value = try? JSONReader.read(text) else { return false }
        let reader = EntityReader(context: .core)
        guard let entity = try? reader.entity(value) else { return false }
        try BrokenPromise.unlessSame(
            entity,
            try? EntityCodec.decode(EntityCodec.encode(entity)),
            "An entity and its stored form"
        )
        for format in [Representation.Format.normalized, .concise] {
            let representation = Representation(format: format, showsSystemAttributes: true)
            let written = EntityWriter(representation, context: .core).json(of: entity)
            let again = try? reader.entity(written)
            // An IRI may end in an invalid name, which is refused when it is written as a term.
            if again == nil, !names(of: entity).allSatisfy(Name.isValid) { continue }
            try BrokenPromise.unlessSame(entity, again, "\(format) entity")
        }
        return true
    }

    private static func names(of entity: Entity) -> [String] {
        (entity.types + names(of: entity.attributes)).map(LDContext.core.compact)
    }

    private static func names(of attributes: [NamedAttribute]) -> [IRI] {
        attributes.flatMap { attribute in
            [attribute.name]
                + attribute.instances.flatMap {
                    names(of: $0.attributes) + ($0.details?.objectTypes ?? [])
                }
        }
    }

    private static let fragment = FuzzTarget("fragment", seeds: entities) {
        text throws(BrokenPromise) in
        guard let value = try? JSONReader.read(text) else { return false }
        for number in 0..<16 {
            let options = EntityReader.Options(
                allowsNull: number & 1 != 0,
                allowsNullInside: number & 2 != 0,
                isSimplified: number & 4 != 0,
                isTemporal: number & 8 != 0
            )
            let reader = EntityReader(context: .core, options: options)
            guard let first = try? reader.fragment(value) else { continue }
            try BrokenPromise.unlessSame(first, try? reader.fragment(value), "A fragment")
        }
        return true
    }

    private static let codec = FuzzTarget("codec", bytes: entities.compactMap(stored)) {
        bytes throws(BrokenPromise) in
        guard let entity = try? EntityCodec.decode(bytes) else { return false }
        let again = try? EntityCodec.decode(EntityCodec.encode(entity))
        try BrokenPromise.unlessSame(entity, again, "A stored entity")
        return true
    }

    private static func stored(_ text: String) -> [UInt8]? {
        guard let value = try? JSONReader.read(text),
            let entity = try? EntityReader(context: .core).entity(value)
        else { return nil }
        return EntityCodec.encode(entity)
    }

    // MARK: @context

    private static let context = FuzzTarget(
        "context",
        seeds: [
            #"{"Bus":"https://a.example/Bus","ex":"https://b.example/#","speed":{"@id":"ex:speed","@type":"@id"}}"#,
            #"{"@vocab":"https://v.example/","a":"b","b":"ex:c","ex":"urn:ex:","n":null,"type":"urn:mine"}"#,
            #"{"@base":"https://x.example","a":"a","b":{"@reverse":"a"},"c:d":"https://c.example/d"}"#,
        ]
    ) { text throws(BrokenPromise) in
        var definitions = LDContextDefinitions()
        guard let object = try? JSONReader.read(text).objectValue else { return false }
        do throws(LDContextError) { try definitions.add(object) } catch { return false }
        let context = LDContext(reference: .null, definitions: definitions)
        for term in object.members.map(\.key) + ["other", "ex:other", "a:b:c"] {
            let iri = context.expand(term)
            let compact = context.compact(iri)
            try BrokenPromise.unlessSame(iri, context.expand(compact), "'\(term)' as '\(compact)'")
        }
        return true
    }
}

extension EntityWriter {
    fileprivate func json(of entity: Entity) -> JSONValue {
        var writer = JSONWriter()
        write(entity, to: &writer)
        return (try? JSONReader.read(writer.bytes)) ?? .null
    }
}
