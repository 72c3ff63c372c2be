import Broker
import Clauses
import ContextModel
import Testing

@testable import Gateway

@Suite(.clause("6.23.3.1", "6.24.3.1")) struct QueryBodyTests {
    private let refused = BrokerError(.badRequestData, "")

    private func items(
        _ members: JSONObject,
        url: [String: String] = [:],
        isTemporal: Bool = true
    ) throws -> QueryItems {
        var members = members
        members["type"] = "Query"
        return try QueryBody(json: .object(members)).items(
            with: QueryItems(url),
            isTemporal: isTemporal
        )
    }

    private func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    @Test func `a Query has the same meaning as parameters`() throws {
        let read = try items([
            "@context": "https://city.example/c", "q": "speed>1", "attrs": ["speed", "doors"],
            "scopeQ": "/a", "limit": 5, "count": true,
            "geoQ": ["georel": "near;maxDistance==1", "geometry": "Point", "coordinates": [1, 2]],
            "temporalQ": ["timerel": "after", "timeAt": "2026-01-01T00:00:00Z", "lastN": 3],
        ])
        #expect(
            read
                == QueryItems([
                    "q": "speed>1", "attrs": "speed,doors", "scopeQ": "/a", "limit": "5",
                    "count": "true", "georel": "near;maxDistance==1", "geometry": "Point",
                    "coordinates": "[1,2]", "timerel": "after",
                    "timeAt": "2026-01-01T00:00:00Z", "lastN": "3",
                ])
        )
    }

    @Test func `methods of aggregation imply aggregated values, without a format`() throws {
        let aggregated: JSONObject = ["aggrParams": ["aggrMethods": "avg"]]
        #expect(try items(aggregated)["format"] == "aggregatedValues")
        #expect(try items(["temporalQ": ["aggrMethods": ["avg", "max"]]])["format"] != nil)
        for format in ["temporalValues", "count,simplified"] {
            #expect(try items(aggregated, url: ["options": format])["format"] == nil)
        }
        #expect(try items(aggregated, url: ["options": "count"])["format"] == "aggregatedValues")
        #expect(
            try items(aggregated, url: ["format": "temporalValues"])["format"] == "temporalValues"
        )
    }

    @Test func `the patterns of all selectors share a budget`() throws {
        func select(_ count: Int, _ pattern: String) throws -> Condition? {
            let selector: JSONValue = ["type": "T", "idPattern": .string(pattern)]
            let selectors = Array(repeating: selector, count: count)
            let query: JSONValue = ["type": "Query", "entities": .array(selectors)]
            return try QueryBody(json: query).selectors(ld: .core)
        }
        let refused = BrokerError(.tooComplexQuery, "")
        #expect(try select(Pattern.maximumTogether, "a") != nil)
        #expect(throws: refused) { try select(Pattern.maximumTogether + 1, "a") }
        #expect(throws: refused) { try select(2, "a{600}") }
    }

    @Test func `parameters of the URL apply as well`() throws {
        #expect(try items(["q": "a"], url: ["limit": "5"]) == QueryItems(["q": "a", "limit": "5"]))
    }

    @Test(arguments: ["text", [], [:], ["type": "Entity"], ["q": "speed>1"]] as [JSONValue])
    func `a body that is not a Query is refused`(json: JSONValue) {
        #expect(throws: refused) {
            try QueryBody(json: json).items(with: QueryItems(), isTemporal: false)
        }
    }

    @Test(
        arguments: [
            ["page": 1], ["q": 1], ["attrs": []], ["attrs": 1], ["geoQ": "near"],
            ["geoQ": ["distance": 1]], ["temporalQ": ["before": 1]], ["geoQ": [:]],
            ["geoQ": ["georel": ["near"]]], ["geoQ": ["geoproperty": 1]], ["temporalQ": [:]],
            ["temporalQ": ["timeAt": 2026]], ["attrs": ["speed", 1]], ["pick": [["speed"]]],
            ["q": ["speed>1"]], ["scopeQ": ["/a"]], ["lang": ["en"]], ["@type": "Query"],
        ] as [JSONObject]
    )
    func `a member that is unknown or of the wrong type is refused`(members: JSONObject) {
        #expect(throws: refused) { try items(members) }
    }

    private func selectors(_ entities: JSONValue) throws -> Condition? {
        let body = QueryBody(json: ["type": "Query", "entities": entities])
        return try body.selectors(ld: .core)
    }

    @Test func `an entity matches any of the selectors`() throws {
        let condition = try selectors([
            ["type": "Bus", "id": "urn:x:1"], ["type": "Tram"],
            ["type": "*", "id": ["urn:x:2", "urn:x:3"]],
        ])
        #expect(
            condition
                == Condition.type(iri("Bus")).and(.ids([EntityID("urn:x:1")]))
                .or(.type(iri("Tram"))).or(.ids([EntityID("urn:x:2"), EntityID("urn:x:3")]))
        )
    }

    @Test func `a pattern needs a type, and an id takes precedence over a pattern`() throws {
        let pattern = try Pattern("urn:x:.*")
        let type = Condition.type(iri("Bus"))
        #expect(
            try selectors([["type": "Bus", "idPattern": "urn:x:.*"]])
                == type.and(.idPattern(pattern))
        )
        #expect(
            try selectors([["type": "Bus", "id": "urn:x:1", "idPattern": "urn:x:.*"]])
                == type.and(.ids([EntityID("urn:x:1")]))
        )
    }

    @Test(.clause("4.4")) func `@id and @type are id and type`() throws {
        #expect(
            try selectors([["@type": "Bus", "@id": "urn:x:1"]])
                == Condition.type(iri("Bus")).and(.ids([EntityID("urn:x:1")]))
        )
        let body = QueryBody(json: ["@type": "Query", "q": "speed>1"])
        let read = try body.items(with: QueryItems(), isTemporal: false)
        #expect(read == QueryItems(["q": "speed>1"]))
    }

    @Test func `a message names the unknown member`() {
        let error = #expect(throws: BrokerError.self) {
            try selectors([["type": "Bus", "idPatern": "urn:x:.*"]])
        }
        #expect(error?.detail.contains("idPatern") == true)
    }

    @Test func `an absent list of selectors differs from an empty one`() throws {
        #expect(try QueryBody(json: ["type": "Query"]).selectors(ld: .core) == nil)
    }

    @Test(
        arguments: [
            [], "Bus", ["Bus"], [["id": "urn:x:1"]], [["type": "Bus", "id": "x"]],
            [["type": "Bus", "id": [1]]], [["type": "(Bus"]], [["type": "Bus", "idPattern": "("]],
            [["type": "Bus", "idPatern": "urn:x:.*"]],
            [["type": "Bus", "idPattern": ["urn:x:.*"]]],
            [["type": "Bus", "id": "urn:x:1", "idPattern": 1]], [["type": "Bus", "id": []]],
            [["type": "Bus", "id": "urn:x:1", "@id": "urn:x:2"]], [["type": ["Bus"]]],
            [["type": "Bus"], ["type": "Tram", "q": "speed>1"]],
        ] as [JSONValue]
    )
    func `invalid selectors are refused`(entities: JSONValue) {
        #expect(throws: refused) { try selectors(entities) }
    }

    // MARK: Clauses 5.2.43 and 5.2.44

    @Test func `ordering has the same meaning as its parameters`() throws {
        let read = try items([
            "ordering": [
                "orderBy": ["location;dist-asc", "name"], "collation": "und", "geometry": "Point",
                "coordinates": [8, 40],
            ]
        ])
        #expect(
            read
                == QueryItems([
                    "orderBy": "location;dist-asc,name", "collation": "und",
                    "orderGeometry": "Point", "orderFrom": "[8,40]",
                ])
        )
    }

    @Test(
        arguments: [
            ["collation": "und"], ["orderBy": []], ["orderBy": ["name"], "geometry": 5],
            ["orderBy": ["name"], "coordinates": "8,40"], ["orderBy": ["name"], "limit": 1],
        ] as [JSONValue]
    )
    func `an invalid ordering is refused`(ordering: JSONValue) {
        #expect(throws: refused) { try items(["ordering": ordering]) }
    }

    @Test func `a parameter for histories is refused in queries for entities`() throws {
        let members: JSONObject = ["aggrParams": ["aggrMethods": ["sum", "avg"]]]
        #expect(
            try items(members)
                == QueryItems(["aggrMethods": "sum,avg", "format": "aggregatedValues"])
        )
        #expect(throws: refused) { try items(members, isTemporal: false) }
        #expect(throws: refused) {
            try items(["temporalQ": ["timerel": "after"]], isTemporal: false)
        }
    }
}
