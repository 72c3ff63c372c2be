import ContextModel
import Storage
import Testing

struct `Deciding conditions` {
    struct Plain: TermExpansion {
        func expand(attribute: String) -> IRI { IRI("https://x/\(attribute)") }
        func expand(type: String) -> IRI { IRI("https://t/\(type)") }
    }

    let entity = Entity(
        id: EntityID("urn:x:1"),
        types: [IRI("https://t/Car"), IRI("https://t/Home")],
        scopes: ["/Phuket/Patong"],
        attributes: [
            Self.named("speed", .init(kind: .property, value: 50, unitCode: "KMH")),
            Self.named("flag", .init(kind: .property, value: true)),
            Self.named("nothing", .init(kind: .property, value: .null)),
            Self.named("colors", .init(kind: .property, value: ["blue", "red"])),
            Self.named("brand", .init(kind: .property, value: "Mercedes")),
            Self.named(
                "address",
                .init(kind: .property, value: ["city": "Berlin", "geo": ["floor": 3]])
            ),
            Self.named(
                "name",
                .init(kind: .languageProperty, value: ["fr": "rouge", "en": ["red", "rose"]])
            ),
            Self.named("parked", .init(kind: .relationship, value: "urn:ngsi-ld:P:1")),
            Self.named("parts", .init(kind: .listRelationship, value: ["urn:p:1", "urn:p:2"])),
            Self.named("gender", .init(kind: .vocabProperty, value: "https://x/Male")),
            Self.named("day", .init(kind: .property, value: "2020-02-03")),
            Self.named(
                "typed",
                .init(
                    kind: .property,
                    value: ["@type": "DateTime", "@value": "2020-02-03T04:00:00Z"]
                )
            ),
            NamedAttribute(
                name: IRI("https://x/level"),
                instances: [
                    .init(
                        kind: .property,
                        value: 1,
                        observedAt: Timestamp(microseconds: 0),
                        attributes: [Self.named("accuracy", .init(kind: .property, value: 9))]
                    ),
                    .init(kind: .property, value: 7, datasetID: "urn:d:2"),
                ]
            ),
        ],
        modifiedAt: Timestamp("2024-01-01T00:00:00Z")
    )

    static func named(_ name: String, _ attribute: Attribute) -> NamedAttribute {
        NamedAttribute(name: IRI("https://x/\(name)"), instances: [attribute])
    }

    func holds(_ q: String, expandValues: Set<String> = []) throws -> Bool {
        try QParser(expansion: Plain(), expandValues: expandValues).parse(q).matches(entity)
    }

    @Test(arguments: [
        "speed", "speed==50", "speed==5.0e1", "speed!=51", "speed>49", "speed>=50", "speed<=50",
        "speed==10..60", "speed!=10..20", "speed==1,2,50", "speed!=\"50\"", "flag==true",
        "flag!=false", "colors==\"red\"", "colors==\"x\",\"blue\"", "colors!=\"green\"",
        "brand~=^Mer", "brand~=\"c.des$\"", "brand!~=BMW", "brand>\"A\"", "nothing",
        "address[city]==\"Berlin\"", "address[geo.floor]>2", "name==\"rouge\"",
        "name[en]==\"red\"", "name[*]==\"rose\"", "name[en]!=\"rouge\"",
        "parked==\"urn:ngsi-ld:P:1\"", "parked==urn:ngsi-ld:P:1", "parts==urn:p:2",
        "parts!=urn:p:3", "day==2020-02-03", "day<2021-01-01", "typed>=2020-02-03T04:00:00Z",
        "level==7", "level!=7", "level.observedAt<2017-12-24T12:00:00Z", "level.accuracy==9",
        "level.datasetId==\"urn:d:2\"", "speed.unitCode==\"KMH\"",
        "modifiedAt>2023-01-01T00:00:00Z", "!missing", "missing|speed",
        "(speed>50|brand==\"Mercedes\");flag==true", "missing;speed|brand",
        "modifiedAt>\"2023-01-01T00:00:00Z\"",
    ])
    func `holds for the entity`(_ q: String) throws {
        #expect(try holds(q))
    }

    @Test(arguments: [
        "missing", "missing!=1", "speed==\"50\"", "speed>50", "speed>\"4\"", "colors!=\"red\"",
        "colors>\"a\"", "flag==1", "brand~=^BMW", "speed~=5", "speed!~=5", "brand!~=Merc",
        "address[street]", "address[street]!=\"x\"", "name[en]==\"rouge\"", "name!=\"rouge\"",
        "parked>\"a\"", "parked~=urn", "parked!~=zzz", "day==2020-02-03T00:00:00Z",
        "day==2020-02-04", "level==2..6", "level.accuracy.deep", "!speed", "speed;missing",
        "speed!=10..60", "parts!=urn:p:2", "createdAt", "(speed|brand);missing",
    ])
    func `does not hold for the entity`(_ q: String) throws {
        #expect(try !holds(q))
    }

    @Test func `a term is expanded when expandValues names its attribute`() throws {
        #expect(try holds("gender==Male", expandValues: ["gender"]))
        #expect(try holds("gender==\"Male\"", expandValues: ["gender"]))
        #expect(try !holds("gender==\"Male\""))
    }

    @Test func `values that are not finite numbers equal nothing`() {
        let path = AttributePath(names: [IRI("https://x/speed")])
        let comparisons: [Comparison] = [
            .equal([.number(.nan)]), .less(.number(.nan)), .greaterOrEqual(.number(.nan)),
            .equal([.range(.number(.nan), .number(.infinity))]),
        ]
        for comparison in comparisons {
            let test = ValueTest(path: path, comparison: comparison)
            #expect(!Condition.value(test).matches(entity))
        }
    }

    @Test func `types, identifiers, scopes and attributes are decided`() throws {
        let types = try TypeSelection.parse("(Home;Car)|Boat", expansion: Plain())
        #expect(types.matches(entity))
        #expect(try !TypeSelection.parse("(Home;Boat)", expansion: Plain()).matches(entity))
        #expect(try ScopeQuery.parse("/Phuket/#").matches(entity))
        #expect(try !ScopeQuery.parse("/Phuket").matches(entity))
        #expect(Condition.ids([entity.id]).matches(entity))
        #expect(try Condition.idPattern(Pattern("^urn:x:.*")).matches(entity))
        #expect(Condition.attribute(IRI("https://x/speed")).matches(entity))
        #expect(!Condition.all([.everything, .nothing]).matches(entity))
    }

    /// Long values of each kind, each with a condition that reads all of it.
    private static let long: [(Attribute, String)] = {
        let members = (0..<2_000).map { (key: "m\($0)", value: JSONValue.string("x")) }
        let object = JSONValue.object(JSONObject(members))
        let links = JSONValue.array((0..<2_000).map { .string("urn:x:\($0)") })
        let text = JSONValue.string(String(repeating: "a", count: 32_000))
        let parts = (0..<2_000).map { named("p\($0)", .init(kind: .property, value: 1)) }
        return [
            (.init(kind: .property, value: object), "long[m1999]==1"),
            (.init(kind: .property, value: object), "long==1,2"),
            (.init(kind: .property, value: object), "long>1"),
            (.init(kind: .property, value: object), "long~=a"),
            (.init(kind: .languageProperty, value: object), "long"),
            (.init(kind: .property, value: text), "long==\"b\""),
            (.init(kind: .property, value: .array(Array(repeating: [], count: 2_000))), "long==1"),
            (.init(kind: .property, value: text), "long>=\"b\""),
            (.init(kind: .listRelationship, value: links), "long==urn:y:1"),
            (.init(kind: .property, value: 1, attributes: parts), "long.p1999==1"),
        ]
    }()

    @Test(arguments: 0..<long.count)
    func `looking at long values takes steps of the budget`(number: Int) throws {
        let (attribute, q) = Self.long[number]
        let entity = Entity(
            id: EntityID("urn:x:1"),
            types: [],
            attributes: [Self.named("long", attribute)]
        )
        let condition = PreparedCondition(try QParser(expansion: Plain()).parse(q))
        let budget = DecisionBudget(steps: 1_000)
        _ = condition.matches(entity, within: budget)
        #expect(budget.isSpent, "\(q)")
    }

    @Test(arguments: ["long==1,2", "long!=1,2", "long.*==1"])
    func `long values are not read once the budget is spent`(q: String) throws {
        let isMap = q.contains("*")
        let map = (0..<2_000).map { (key: "l\($0)", value: JSONValue.string("x")) }
        let attribute = Attribute(
            kind: isMap ? .languageProperty : .property,
            value: isMap
                ? .object(JSONObject(map)) : .array(Array(repeating: "x", count: 2_000))
        )
        let entity = Entity(
            id: EntityID("urn:x:1"),
            types: [],
            attributes: [Self.named("long", attribute)]
        )
        let text = isMap ? "long[*]==1,2" : q
        let condition = PreparedCondition(try QParser(expansion: Plain()).parse(text))
        let budget = DecisionBudget(steps: 2_500)
        _ = condition.matches(entity, within: budget)
        #expect(budget.isSpent)
        #expect(budget.steps < 3_000)
    }

    @Test func `following many links takes steps of the budget`() {
        let links = JSONValue.array((0..<2_000).map { .string("urn:x:\($0)") })
        let entity = Entity(
            id: EntityID("urn:x:1"),
            types: [],
            attributes: [Self.named("parts", .init(kind: .relationship, value: links))]
        )
        let test = LinkedTest(
            path: AttributePath(names: [IRI("https://x/parts")]),
            target: .everything,
            targets: [EntityID("urn:none")]
        )
        let budget = DecisionBudget(steps: 1_000)
        _ = PreparedCondition(.linked(test)).matches(entity, within: budget)
        #expect(budget.isSpent)
    }
}
