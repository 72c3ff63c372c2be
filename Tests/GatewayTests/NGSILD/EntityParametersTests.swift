import Broker
import Clauses
import ContextModel
import Storage
import Testing

@testable import Gateway

@Suite(.clause("6.3.7", "6.3.10", "6.3.13", "4.15", "5.5.13", "SYSPROPS_IFASKED", "LOCAL"))
struct EntityParametersTests {
    private func representation(_ items: [String: String]) throws -> Representation {
        let parameters = EntityParameters(
            items: QueryItems(items),
            ld: .core,
            limits: HubLimits()
        )
        return try parameters.representation()
    }

    @Test func `join is the format, joinLevel the depth, containedBy the known entities`() throws {
        let join = try representation([
            "join": "inline", "joinLevel": "3", "containedBy": "urn:x:a,urn:x:b",
        ]).join
        let known: Set = [EntityID("urn:x:a"), EntityID("urn:x:b")]
        #expect(join == Join(.inline, level: 3, containedBy: known))
        #expect(try representation(["join": "flat"]).join == Join(.flat, level: 1))
    }

    @Test func `without join no links are followed`() throws {
        #expect(try representation([:]).join == nil)
        #expect(try representation(["join": "@none", "joinLevel": "2"]).join == nil)
    }

    @Test(
        arguments: [
            ["join": "both"], ["join": ""], ["join": "flat", "joinLevel": "0"],
            ["join": "flat", "joinLevel": "11"], ["join": "flat", "joinLevel": "one"],
            ["join": "flat", "containedBy": "city"],
            ["pick": "at{name}"], ["omit": "at{name}"],
            ["join": "inline", "pick": "at{in{name}}"],
            ["pick": "name", "omit": "name"], ["attrs": "name", "pick": "name"],
        ]
    )
    func `an invalid join or projection is refused`(items: [String: String]) {
        #expect(throws: BrokerError(.badRequestData, "")) { try representation(items) }
    }

    @Test func `a projection may reach as deep as links are followed`() throws {
        let deep = try representation([
            "join": "inline", "joinLevel": "2", "pick": "at{in{name}}",
        ])
        #expect(deep.projection.depth == 2)
    }

    private let refused = BrokerError(.badRequestData, "")

    private func parameters(_ query: String) throws -> EntityParameters {
        EntityParameters(
            items: try QueryItems(urlQuery: query),
            ld: .core,
            limits: HubLimits()
        )
    }

    private func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    // MARK: Selection

    @Test func `all selecting parameters must hold`() throws {
        let condition = try parameters("type=Bus&id=urn:x:1,urn:x:2&attrs=speed").condition()
        #expect(
            condition
                == Condition.type(iri("Bus"))
                .and(.ids([EntityID("urn:x:1"), EntityID("urn:x:2")]))
                .and(.any([.attribute(iri("speed"))]))
        )
        #expect(try parameters("").condition() == .everything)
    }

    @Test(
        arguments: [
            "id=bus", "type=", "type=(Bus", "attrs=id", "attrs=,", "attrs=at%7Bname%7D",
            "q=speed%3E", "idPattern=(",
            "scopeQ=%2F%2F", "georel=near", "geometry=Point&coordinates=[1,2]",
            "georel=near%3BmaxDistance==x&geometry=Point&coordinates=[1,2]",
        ]
    )
    func `an invalid parameter is refused`(query: String) {
        #expect(throws: refused) { try parameters(query).condition() }
    }

    @Test func `a blank in scopeQ was a plus`() throws {
        #expect(
            try parameters("scopeQ=/a/+").condition()
                == parameters("scopeQ=/a/%2B").condition()
        )
    }

    @Test func `a geo-query is about the location unless it names another property`() throws {
        let query = "georel=near%3BmaxDistance==10&geometry=Point&coordinates=[98.3,7.9]"
        let test = try parameters(query).geoTest()
        #expect(test?.attribute == .location)
        #expect(test?.relation == .near(minMeters: nil, maxMeters: 10))
        #expect(try parameters(query + "&geoproperty=stop").geoTest()?.attribute == iri("stop"))
        #expect(try parameters("type=Bus").geoTest() == nil)
    }

    @Test func `a query for everything is refused unless it is local`() throws {
        #expect(throws: refused) { try parameters("limit=1").query() }
        #expect(throws: refused) { try parameters("id=urn:x:1").query() }
        #expect(try parameters("local=true").query().condition == .everything)
        #expect(try parameters("type=Bus").query().condition == .type(iri("Bus")))
    }

    // MARK: Paging

    @Test func `pages have limits`() throws {
        let page = try parameters("limit=5&offset=10&count=true").page()
        #expect(page.limit == 5 && page.offset == 10 && page.wantsCount)
        let usual = try parameters("").page()
        #expect(usual.limit == HubLimits().defaultPage && usual.offset == 0 && !usual.wantsCount)
        #expect(try parameters("limit=0&options=count").page().wantsCount)
    }

    @Test func `a page that is too large is too many results`() {
        #expect(throws: BrokerError(.tooManyResults, "")) {
            try parameters("limit=\(HubLimits().maximumPage + 1)").page()
        }
        #expect(throws: BrokerError(.tooManyResults, "")) {
            try parameters("offset=\(EntityParameters.maximumOffset + 1)").page()
        }
    }

    @Test(arguments: ["limit=0", "limit=-1", "limit=x", "offset=-1", "count=maybe"])
    func `an invalid page is refused`(query: String) {
        #expect(throws: refused) { try parameters(query).page() }
    }

    // MARK: Representation

    @Test(
        arguments: [
            ("", .normalized), ("options=keyValues", .simplified), ("options=concise", .concise),
            ("format=simplified", .simplified), ("format=concise&options=keyValues", .concise),
            ("options=sysAttrs,concise", .concise),
        ] as [(String, Representation.Format)]
    )
    func `format takes precedence over options`(
        query: String,
        format: Representation.Format
    ) throws {
        #expect(try parameters(query).representation().format == format)
    }

    @Test(arguments: ["format=pretty", "options=pretty", "options=concise,pretty"])
    func `unknown formats are refused`(query: String) {
        #expect(throws: BrokerError(.invalidRequest, "")) {
            try parameters(query).representation()
        }
    }

    @Test func `system times are shown by flag or option`() throws {
        for query in ["sysAttrs=true", "options=sysAttrs"] {
            #expect(try parameters(query).representation().showsSystemAttributes)
        }
        #expect(try !parameters("sysAttrs=false").representation().showsSystemAttributes)
    }

    @Test func `instances are chosen by datasetId, and @none is the default one`() throws {
        let chosen = try parameters("datasetId=urn:x:gps,@none").representation().datasetIDs
        #expect(chosen == ["urn:x:gps", nil])
        #expect(try parameters("").representation().datasetIDs == nil)
    }

    @Test func `attrs selects attributes, and cannot be combined with pick or omit`() throws {
        let projection = try parameters("attrs=speed").representation().projection
        #expect(projection.shows(iri("speed")) && !projection.shows(iri("doors")))
        #expect(projection.shows(member: "id"))
        #expect(throws: refused) { try parameters("attrs=a&omit=a").representation() }
    }

    @Test func `attrs has a limit of names`() throws {
        func condition(_ count: Int) throws -> Condition {
            try parameters("attrs=" + (0..<count).map { "a\($0)" }.joined(separator: ","))
                .attributeCondition()
        }
        _ = try condition(EntityParameters.maximumAttributes)
        #expect(throws: BrokerError(.badRequestData, "")) {
            try condition(EntityParameters.maximumAttributes + 1)
        }
    }

    @Test(.clause("4.15")) func `languages are read as in a subscription, or refused`() throws {
        let languages = try parameters("lang=fr;q%3D0.2,en;q%3D0.9").representation().languages
        #expect(languages == LanguageFilter("fr;q=0.2,en;q=0.9"))
        #expect(languages != nil)
        #expect(throws: refused) { try parameters("lang=en,;q%3D1").representation() }
    }

    // MARK: Clause 5.7.2.4

    @Test(
        arguments: [
            "", "id=urn:x:1", "idPattern=x", "attrs=createdAt",
            "q=createdAt%3E2020-01-01T00:00:00Z",
            "type=*&local=false", "type=Bus&csf=%3E", "type=Bus&orderBy=name&collation=!!",
            "type=Bus&splitEntities=perhaps",
        ]
    )
    func `a query that is too wide or invalid is refused`(query: String) {
        #expect(throws: refused) { try parameters(query).query() }
    }

    @Test(arguments: ["type=*", "local=true", "q=speed%3E1", "attrs=speed,createdAt"])
    func `types, attributes or local make a query narrow enough`(query: String) throws {
        #expect(try parameters(query).query().limit == HubLimits().defaultPage)
    }

    @Test func `every type is asked for with an asterisk`() throws {
        #expect(try parameters("type=*").query().condition == .everything)
    }

    @Test func `q follows as many links as the join allows`() throws {
        let q = "q=sensor%7Bhumidity%7D%3D%3D40"
        #expect(throws: refused) { try parameters(q).condition() }
        #expect(throws: refused) { try parameters(q + "&joinLevel=2").condition() }
        let condition = try parameters(q + "&join=inline").condition()
        #expect(condition.attributeNames == [iri("sensor"), iri("humidity")])
    }
}
