import Clauses
import ContextModel
import Testing

struct `Reading conditions` {
    struct Plain: TermExpansion {
        func expand(attribute: String) -> IRI { IRI("a:\(attribute)") }
        func expand(type: String) -> IRI { IRI("t:\(type)") }
    }

    let parser = QParser(expansion: Plain())

    @Test func `and binds tighter than or, and parentheses tighter still`() throws {
        func exists(_ name: String) -> Condition {
            .value(ValueTest(path: AttributePath(names: [IRI("a:\(name)")])))
        }
        let (a, b, c) = (exists("a"), exists("b"), exists("c"))
        #expect(try parser.parse("a|b;c") == .any([a, .all([b, c])]))
        #expect(try parser.parse("(a|b);c") == .all([.any([a, b]), c]))
    }

    @Test func `a path has names, members and a core member`() throws {
        let moment = try #require(Timestamp("2017-12-24T12:00:00Z"))
        #expect(
            try parser.parse("t.observedAt>=2017-12-24T12:00:00Z")
                == .value(
                    ValueTest(
                        path: AttributePath(names: [IRI("a:t")], coreMember: "observedAt"),
                        comparison: .greaterOrEqual(.dateTime(moment))
                    )
                )
        )
        #expect(
            try parser.parse("s.raw[air.pm]==40")
                == .value(
                    ValueTest(
                        path: AttributePath(
                            names: [IRI("a:s"), IRI("a:raw")],
                            members: ["air", "pm"]
                        ),
                        comparison: .equal([.number(40)])
                    )
                )
        )
    }

    // MARK: Linked Entities (clause 4.9, examples 13 and 14)

    @Test func `braces query the targets of a Relationship`() throws {
        let parser = QParser(expansion: Plain(), linkDepth: 2)
        let humid = Condition.value(
            ValueTest(
                path: AttributePath(names: [IRI("a:humidity")]),
                comparison: .equal([.number(40)])
            )
        )
        let sensor = AttributePath(names: [IRI("a:sensor")])
        #expect(
            try parser.parse("sensor{humidity}==40")
                == .linked(LinkedTest(path: sensor, target: humid))
        )
        #expect(
            try parser.parse("sensor{Device,Probe:humidity}==40")
                == .linked(
                    LinkedTest(
                        path: sensor,
                        target: Condition.any([.type(IRI("t:Device")), .type(IRI("t:Probe"))])
                            .and(humid)
                    )
                )
        )
        let inner = Condition.linked(LinkedTest(path: sensor, target: humid))
        #expect(
            try parser.parse("room{sensor{humidity}}==40")
                == .linked(LinkedTest(path: AttributePath(names: [IRI("a:room")]), target: inner))
        )
    }

    @Test(arguments: [
        "a{b{c{d}}}==1", "a{b==1", "a{}==1", "a{b}}==1", "a{,T:b}==1", "a[b]{c}==1", "!a{b}",
        "a.observedAt{b}==1", "a{b==1}",
    ])
    func `braces that are invalid or too deep are refused`(q: String) {
        #expect(throws: ConditionError.self) {
            try QParser(expansion: Plain(), linkDepth: 2).parse(q)
        }
    }

    @Test(arguments: [
        "", "(", "a;", "a|", "a==", "a==red", "a==\"red", "a==\"\\x\"", "a>true", "a>urn:x:1",
        "a==1..\"b\"", "a==1,", "a>1,2", "a=1", "a!", "1a", "a.", "a[", "a[]", "a[b.]", "(a", "a)",
        "a~=(", "a~=[", "a~=(x)\\1", "sensor{humidity}==40", "a==NaN", "a==1e999", "a==null",
        "a~=\"x\\", "a==\"x\\", "\u{FFFD}\u{0}", "a==\u{1}", "a b",
    ])
    func `an invalid text is refused with a hint`(_ q: String) {
        let error = #expect(throws: ConditionError.self) { try parser.parse(q) }
        #expect(error?.parameter == "q")
        #expect(error?.hint.isEmpty == false)
        #expect((error?.offset ?? -1) <= q.utf8.count && (error?.offset ?? -1) >= 0)
    }

    @Test func `an error has its position and quotes the input`() {
        let error = #expect(throws: ConditionError.self) { try parser.parse("speed>50;x==red") }
        #expect(error?.offset == 12)
        #expect(error?.message.contains("red") == true)
    }

    @Test func `depth, terms, list and length have limits`() {
        let hostile = [
            String(repeating: "(", count: 16_000), String(repeating: "a;", count: 5_000) + "a",
            "a==" + String(repeating: "1,", count: 5_000) + "1",
            String(repeating: "a", count: 20_000),
        ]
        for q in hostile { #expect(throws: ConditionError.self) { try parser.parse(q) } }
    }

    @Test func `random bytes are parsed or refused, never worse`() {
        var generator = Seeded(state: 7)
        let alphabet = Array("ab1.;|()[]{}=!~<>\",:\\\u{E9} -".utf8)
        for _ in 0..<5_000 {
            let length = Int.random(in: 0..<24, using: &generator)
            let bytes = (0..<length).map { _ in
                alphabet.randomElement(using: &generator) ?? 0x61
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? parser.parse(text)
            _ = try? TypeSelection.parse(text, expansion: Plain())
            _ = try? ScopeQuery.parse(text)
            _ = try? OrderTerm.parse(orderBy: text, expansion: Plain())
        }
    }

    @Test(.clause("4.17")) func `types are combined as in the clause`() throws {
        let home = Condition.all([.type(IRI("t:Home")), .type(IRI("t:Vehicle"))])
        let wanted = Condition.any([home, .type(IRI("t:Motorhome"))])
        #expect(try TypeSelection.parse("(Home;Vehicle)|Motorhome", expansion: Plain()) == wanted)
        #expect(try TypeSelection.parse("(Home;Vehicle),Motorhome", expansion: Plain()) == wanted)
        #expect(throws: ConditionError.self) {
            try TypeSelection.parse("A,,B", expansion: Plain())
        }
    }

    @Test(.clause("4.19")) func `scope patterns match as in the clause`() {
        let gardens = ScopePattern(segments: ["Madrid", "Gardens", "#"])
        #expect(gardens.matches("/Madrid/Gardens"))
        #expect(gardens.matches("/Madrid/Gardens/Parque/Parterre1"))
        #expect(!gardens.matches("/Madrid"))
        let any = ScopePattern(segments: ["Madrid", "+", "Parque"])
        #expect(any.matches("/Madrid/Sights/Parque"))
        #expect(!any.matches("/Madrid/Parque"))
        #expect(ScopePattern(segments: ["#"]).matches("/x"))
        #expect(ScopePattern(segments: ["x", "#"]).matches("x"))
        #expect(!ScopePattern(segments: ["+"]).matches("/x/"))
        #expect(!ScopePattern(segments: ["x", "+"]).matches("/x"))
        #expect(!ScopePattern(segments: ["#"]).matches(""))
    }

    @Test func `geo-queries are parsed, and bad ones refused`() throws {
        let test = try GeoQuery.parse(
            georel: "near;maxDistance==2000",
            geometry: "Point",
            coordinates: "[8,40]",
            expansion: Plain()
        )
        #expect(test.relation == .near(minMeters: nil, maxMeters: 2_000))
        #expect(test.attribute == .location)
        let bad = [
            ("near", "Point", "[8,40]"), ("near;maxDistance==0", "Point", "[8,40]"),
            ("near;maxDistance==-1", "Point", "[8,40]"), ("within", "Point", "[8]"),
            ("within", "Point", "[181,0]"), ("within", "Point", "[NaN,0]"),
            ("within", "Polygon", "[]"), ("within", "Polygon", "[[]]"),
            ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]"), ("touches", "Point", "[8,40]"),
            ("within", "Blob", "[8,40]"), ("within", "GeometryCollection", "[]"),
        ]
        for (georel, geometry, coordinates) in bad {
            #expect(throws: ConditionError.self) {
                try GeoQuery.parse(
                    georel: georel,
                    geometry: geometry,
                    coordinates: coordinates,
                    expansion: Plain()
                )
            }
        }
    }

    @Test(.clause("4.11")) func `temporal bounds are inclusive below and exclusive above`() throws {
        let test = try TemporalTest.parse(
            timerel: "between",
            timeAt: "2017-12-13T14:20:00Z",
            endTimeAt: "2017-12-13T14:40:00Z",
            timeproperty: "modifiedAt"
        )
        #expect(test.property == .modifiedAt)
        #expect(test.from == Timestamp("2017-12-13T14:20:00Z"))
        #expect(test.to == Timestamp("2017-12-13T14:40:00Z"))
        #expect(throws: ConditionError.self) {
            try TemporalTest.parse(timerel: "between", timeAt: "2017-12-13T14:20:00Z")
        }
    }

    @Test func `sort keys are read in order`() throws {
        let terms = try OrderTerm.parse(
            orderBy: "name,age;desc,location;dist-asc",
            orderFrom: "[8,40]",
            expansion: Plain()
        )
        #expect(terms.map(\.isDescending) == [false, true, false])
        #expect(throws: ConditionError.self) {
            try OrderTerm.parse(orderBy: "location;dist-asc", expansion: Plain())
        }
    }
}

struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
