import ContextModel
import Storage

extension FuzzTarget {
    static let conditionTargets = [q, geoQuery, scopeQ, typeSelection, orderBy, projection]

    /// An `@context` that keeps names readable.
    private struct Plain: TermExpansion {
        func expand(attribute: String) -> IRI { IRI(attribute) }
        func expand(type: String) -> IRI { IRI(type) }
    }

    /// An entity for conditions, with every kind of value that they compare.
    private static let sample = Entity(
        id: EntityID("urn:x:1"),
        types: [IRI("A"), IRI("B")],
        scopes: ["/A/B"],
        attributes: [
            sampled("a", .property, 41), sampled("b", .property, "café"),
            sampled("c", .property, ["d": [1, "x", ["e": nil]]]),
            sampled("t", .property, "2026-01-31T08:00:00Z"),
            sampled("r", .relationship, "urn:x:2"), sampled("l", .languageProperty, ["en": "bus"]),
            sampled("location", .geoProperty, ["type": "Point", "coordinates": [8, 40]]),
        ]
    )

    private static func sampled(
        _ name: String,
        _ kind: Attribute.Kind,
        _ value: JSONValue
    ) -> NamedAttribute {
        NamedAttribute(name: IRI(name), instances: [Attribute(kind: kind, value: value)])
    }

    /// The parser's result; nil for an error, whose position must be in the text.
    private static func parsed<Value>(
        _ texts: [String?],
        _ parse: () throws(ConditionError) -> Value
    ) throws(BrokenPromise) -> Value? {
        do throws(ConditionError) {
            return try parse()
        } catch {
            let longest = texts.lazy.compactMap { $0?.utf8.count }.max() ?? 0
            // The brackets around a point are added before parsing.
            guard (0...longest + 2).contains(error.offset), !error.message.isEmpty else {
                throw BrokenPromise("A complaint about nothing: \(error)")
            }
            return nil
        }
    }

    private static func answer(_ condition: Condition) -> Bool {
        PreparedCondition(condition).matches(sample)
    }

    private static let q = FuzzTarget(
        "q",
        seeds: [
            #"a==41|b!="x","y";(c[d.e]>=1.5e3|!z)"#, #"b~=^ca(f|g).*[é-ü]{1,3}$;b!~="^x+?""#,
            "a==1..50;t>=2026-01-31T08:00:00Z;t.observedAt<2027-01-01T00:00:00Z",
            #"r==urn:x:2,urn:x:3;l[en]=="bus""#, "r{T:s{v}}>3;t==12:00:00Z;t==2026-01-31",
            "a.b.c[d.e]==true,false;a==-0,1e4",
        ]
    ) { text throws(BrokenPromise) in
        let parser = QParser(expansion: Plain(), expandValues: ["a"], linkDepth: 3)
        let condition = try parsed([text]) { () throws(ConditionError) in try parser.parse(text) }
        guard let condition else { return false }
        try BrokenPromise.unlessSame(condition, try? parser.parse(text), "q")
        guard answer(condition) != answer(.not(condition)) else {
            throw BrokenPromise("q and its opposite answer alike: \(condition)")
        }
        return true
    }

    private static let geoQuery = FuzzTarget(
        "geo",
        parameters: [
            "near;maxDistance==2000\nPoint\n[8.5,40.1]",
            "near;minDistance==1e3\nPoint\n8,40\nplace",
            "within\nPolygon\n[[[0,0],[9,0],[9,50],[0,50],[0,0]]]", "disjoint\nPoint\n[8,40,3]",
            "intersects\nLineString\n[[0,0],[16,80]]", "equals\nMultiPoint\n[[8,40],[-180,-90]]",
            "overlaps\nMultiPolygon\n[[[[0,0],[9,9],[0,9],[9,0],[0,0]]]]",
            "contains\nPoint\n[8,40]",
        ]
    ) { values throws(BrokenPromise) in
        let test = try parsed(values.lines.map(String.init)) { () throws(ConditionError) in
            try GeoQuery.parse(
                georel: values[0],
                geometry: values[1],
                coordinates: values[2],
                geoproperty: values.optional(3),
                expansion: Plain()
            )
        }
        guard let test else { return false }
        _ = answer(.geometry(test))
        return true
    }

    private static let scopeQ = FuzzTarget(
        "scopeq",
        seeds: ["/A/B", "/A/+/C;/D/#", "(/A;/B),C", "+/B|#", "/กรุงเทพ"]
    ) { text throws(BrokenPromise) in
        let condition = try parsed([text]) { () throws(ConditionError) in
            try ScopeQuery.parse(text)
        }
        guard let condition else { return false }
        _ = answer(condition)
        return true
    }

    private static let typeSelection = FuzzTarget(
        "type",
        seeds: ["A", "A,B", "(A;B)|C", "https://a.example/x#T;ex:B"]
    ) { text throws(BrokenPromise) in
        let condition = try parsed([text]) { () throws(ConditionError) in
            try TypeSelection.parse(text, expansion: Plain())
        }
        guard let condition else { return false }
        _ = answer(condition)
        return true
    }

    private static let orderBy = FuzzTarget(
        "orderby",
        parameters: [
            "a", "a;desc,b.c[d];asc\n\n\nund-u-ks-level1-kn", "location;dist-asc\n[8,40]",
            "id;desc,type,scope,modifiedAt", "a;dist-desc\n[[0,0],[1,1]]\nLineString",
        ]
    ) { values throws(BrokenPromise) in
        let terms = try parsed(values.lines.map(String.init)) { () throws(ConditionError) in
            try OrderTerm.parse(
                orderBy: values[0],
                orderFrom: values.optional(1),
                orderGeometry: values.optional(2),
                collation: values.optional(3),
                expansion: Plain()
            )
        }
        guard let terms else { return false }
        let sorted = EntityOrder(terms).sorted([sample, sample])
        try BrokenPromise.unlessSame(sorted, [sample, sample], "Sorted")
        return true
    }

    private static let projection = FuzzTarget(
        "projection",
        parameters: ["a,b\nc", "id,type,r{a,s{b|c}}\n", "scope|expiresAt\nr{a}", "a{b,c{d}}"]
    ) { values throws(BrokenPromise) in
        let projection = try parsed(values.lines.map(String.init)) { () throws(ConditionError) in
            try ProjectionLanguage(expansion: Plain())
                .parse(pick: values.optional(0), omit: values.optional(1))
        }
        guard let projection else { return false }
        _ = answer(projection.picked(hidden: [IRI("a")]))
        var writer = JSONWriter()
        EntityWriter(Representation(projection: projection), context: .core)
            .write(sample, to: &writer)
        if (try? JSONReader.read(writer.bytes)) == nil { throw BrokenPromise("What is shown") }
        return true
    }
}
