import Clauses
import ContextModel
import Federation
import Testing

@testable import Broker

@Suite(.clause("5.10.2", "5.12")) struct RegistrationQueryTests {
    private func type(_ text: String) throws -> Condition {
        try TypeSelection.parse(text, expansion: LDContext.core)
    }

    private func isMatch(
        _ query: RegistrationQuery,
        _ members: [String: JSONValue?]
    ) throws -> Bool {
        query.match(try Sample.read(members), within: DecisionBudget(steps: 10_000)) != nil
    }

    // MARK: Entities (clause 5.12)

    @Test(
        arguments: [
            ("Bus", ["type": "Bus"], true), ("Bus", ["type": "Tram"], false),
            ("Bus,Tram", ["type": "Tram"], true), ("Bus;Tram", ["type": "Tram"], false),
            ("Bus;Tram", ["type": ["Bus", "Tram"]], true),
            ("Bus", ["type": "Bus", "id": "urn:bus:1"], true),
            ("Bus", ["type": "Bus", "idPattern": "urn:.*"], true),
        ] as [(String, JSONValue, Bool)]
    )
    func `a type selector matches registered types`(
        _ selector: String,
        _ entity: JSONValue,
        _ expected: Bool
    ) throws {
        let query = RegistrationQuery(entities: [EntitySpecification(types: try type(selector))])
        #expect(try isMatch(query, ["information": Sample.information(entity)]) == expected)
    }

    @Test(
        arguments: [
            ("urn:bus:1", nil, ["type": "Bus"], true),
            ("urn:bus:1", nil, ["type": "Bus", "id": "urn:bus:1"], true),
            ("urn:bus:1", nil, ["type": "Bus", "id": "urn:bus:2"], false),
            ("urn:bus:1", nil, ["type": "Bus", "idPattern": "bus"], true),
            ("urn:bus:1", nil, ["type": "Bus", "idPattern": "tram"], false),
            // `id` takes precedence over `idPattern`.
            ("urn:bus:1", nil, ["type": "Bus", "id": "urn:bus:2", "idPattern": "bus"], false),
            (nil, "bus", ["type": "Bus"], true),
            (nil, "bus", ["type": "Bus", "id": "urn:bus:2"], true),
            (nil, "tram", ["type": "Bus", "id": "urn:bus:2"], false),
            (nil, "tram", ["type": "Bus", "idPattern": "bus"], true),
        ] as [(String?, String?, JSONValue, Bool)]
    )
    func `identifiers and patterns match where they may`(
        _ id: String?,
        _ pattern: String?,
        _ entity: JSONValue,
        _ expected: Bool
    ) throws {
        let query = RegistrationQuery(entities: [
            EntitySpecification(
                ids: id.map { [EntityID($0)] },
                idPattern: try pattern.map { try Pattern($0) }
            )
        ])
        #expect(try isMatch(query, ["information": Sample.information(entity)]) == expected)
    }

    @Test func `finding registrations ends with its budget`() throws {
        let query = RegistrationQuery(entities: [
            EntitySpecification(idPattern: try Pattern("(a|b)*a(a|b){100}c"))
        ])
        let id = "urn:" + String(repeating: "abba", count: 500)
        let registration = try Sample.read([
            "information": Sample.information(["type": "Bus", "id": .string(id)])
        ])
        let budget = DecisionBudget(steps: 10_000)
        _ = query.match(registration, within: budget)
        #expect(budget.isSpent)
    }

    @Test func `a registration without entities is about any entity`() throws {
        let query = RegistrationQuery(entities: [EntitySpecification(types: try type("Bus"))])
        #expect(try isMatch(query, ["information": Sample.information(nil, ["speed"])]))
    }

    @Test func `attributes match by name, or when one side names none`() throws {
        let speed: Set<IRI> = [LDContext.core.expand("speed")]
        let (all, wanted) = (RegistrationQuery(), RegistrationQuery(attributes: speed))
        let bus: JSONValue = ["type": "Bus"]
        #expect(try isMatch(wanted, ["information": Sample.information(bus, ["speed", "line"])]))
        #expect(try !isMatch(wanted, ["information": Sample.information(bus, ["line"])]))
        #expect(try isMatch(wanted, ["information": Sample.information(bus)]))
        #expect(try isMatch(all, ["information": Sample.information(bus, ["line"])]))
    }

    @Test func `only the matching information is in the notification`() throws {
        let query = RegistrationQuery(entities: [EntitySpecification(types: try type("Bus"))])
        let registration = try Sample.read([
            "information": [
                ["entities": [["type": "Tram"]]], ["entities": [["type": "Bus"]]],
                ["propertyNames": ["speed"]],
            ]
        ])
        #expect(query.match(registration, within: DecisionBudget(steps: 10_000)) == [1, 2])
    }

    @Test func `the attributes of q are the first names of its terms`() throws {
        let q = try QParser(expansion: LDContext.core).parse("(speed.accuracy>1|!line);name==\"a\"")
        let expected = ["speed", "line", "name"].map { LDContext.core.expand($0) }
        #expect(RegistrationQuery.attributes(of: q) == Set(expected))
    }

    @Test func `datasets match when both sides have some and share one`() throws {
        let query = RegistrationQuery(datasetIDs: ["urn:d:1", nil])
        #expect(try isMatch(query, [:]))
        #expect(try isMatch(query, ["datasetId": ["@none"]]))
        #expect(try !isMatch(query, ["datasetId": ["urn:d:2"]]))
        #expect(try isMatch(RegistrationQuery(), ["datasetId": ["urn:d:2"]]))
    }

    // MARK: Time (clause 5.10.2.4)

    @Test(
        arguments: [
            ("before", "2020-06-01T00:00:00Z", nil, true),
            ("before", "2019-06-01T00:00:00Z", nil, false),
            ("before", "2022-06-01T00:00:00Z", nil, true),
            ("after", "2020-06-01T00:00:00Z", nil, true),
            ("after", "2019-06-01T00:00:00Z", nil, true),
            ("after", "2022-06-01T00:00:00Z", nil, false),
            ("between", "2019-06-01T00:00:00Z", "2020-06-01T00:00:00Z", true),
            ("between", "2018-06-01T00:00:00Z", "2019-06-01T00:00:00Z", false),
            ("between", "2021-06-01T00:00:00Z", "2022-06-01T00:00:00Z", false),
        ] as [(String, String, String?, Bool)]
    )
    func `a temporal query needs an overlap`(
        _ timerel: String,
        _ start: String,
        _ end: String?,
        _ expected: Bool
    ) throws {
        let time = try TemporalTest.parse(timerel: timerel, timeAt: start, endTimeAt: end)
        let interval: JSONValue = [
            "startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z",
        ]
        let query = RegistrationQuery(time: time)
        #expect(try isMatch(query, ["observationInterval": interval]) == expected)
        #expect(try !isMatch(query, ["managementInterval": interval]))
        #expect(try !isMatch(query, [:]))
        #expect(try !isMatch(RegistrationQuery(), ["observationInterval": interval]))
    }

    @Test(arguments: ["createdAt", "modifiedAt", "deletedAt"])
    func `times of management use the managementInterval`(_ property: String) throws {
        let time = try TemporalTest.parse(
            timerel: "after",
            timeAt: "2030-01-01T00:00:00Z",
            timeproperty: property
        )
        let open: JSONValue = ["startAt": "2020-01-01T00:00:00Z"]
        #expect(try isMatch(RegistrationQuery(time: time), ["managementInterval": open]))
        #expect(try !isMatch(RegistrationQuery(time: time), ["observationInterval": open]))
    }

    // MARK: Properties, scopes and places

    @Test(arguments: [
        ("endpoint==\"http://source.example/\"", true), ("endpoint==\"http://b.example/\"", false),
        ("level>3", true), ("level>5", false), ("grade==\"A\"", true), ("missing", false),
        ("management[timeout]==500", true), ("registrationName~=\"^Bus\"", true),
    ])
    func `csf is about the registration itself`(_ csf: String, _ expected: Bool) throws {
        let condition = try QParser(expansion: LDContext.core).parse(csf, parameter: "csf")
        let members: [String: JSONValue?] = [
            "level": 4, "grade": ["type": "Property", "value": "A"],
            "management": ["timeout": 500], "registrationName": "Buses",
        ]
        #expect(try isMatch(RegistrationQuery(properties: condition), members) == expected)
    }

    @Test func `scopeQ is about the scopes of the registration`() throws {
        let query = RegistrationQuery(properties: try ScopeQuery.parse("/Madrid/#"))
        #expect(try isMatch(query, ["scope": "/Madrid/Centro"]))
        #expect(try isMatch(query, ["scope": ["/Berlin", "/Madrid"]]))
        #expect(try !isMatch(query, ["scope": "/Berlin"]))
        #expect(try !isMatch(query, [:]))
    }

    private static let square: JSONValue = [
        "type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]],
    ]
    private static let point: JSONValue = ["type": "Point", "coordinates": [1, 1]]

    @Test(
        arguments: [
            // An area that only shares a part with the query may have something within it.
            ("within", "Polygon", "[[[1,1],[3,1],[3,3],[1,3],[1,1]]]", square, true),
            ("within", "Polygon", "[[[3,3],[4,3],[4,4],[3,4],[3,3]]]", square, false),
            ("equals", "Point", "[1,1]", square, true),
            ("contains", "Point", "[1,1]", square, true),
            ("contains", "Polygon", "[[[1,1],[3,1],[3,3],[1,3],[1,1]]]", square, false),
            ("disjoint", "Polygon", "[[[1,1],[3,1],[3,3],[1,3],[1,1]]]", square, true),
            ("disjoint", "Polygon", "[[[-1,-1],[3,-1],[3,3],[-1,3],[-1,-1]]]", square, false),
            ("near;maxDistance==1000", "Point", "[1,1]", square, true),
            ("near;maxDistance==1000", "Point", "[3,3]", square, false),
            ("near;minDistance==1000", "Point", "[1,1]", square, true),
            ("near;minDistance==1000", "Point", "[1,1]", point, false),
            ("near;maxDistance==1000", "Point", "[1,1]", point, true),
            ("equals", "Point", "[1,1]", point, true), ("disjoint", "Point", "[1,1]", point, false),
        ] as [(String, String, String, JSONValue, Bool)]
    )
    func `a location matches when something in it could`(
        _ georel: String,
        _ geometry: String,
        _ coordinates: String,
        _ location: JSONValue,
        _ expected: Bool
    ) throws {
        let test = try GeoQuery.parse(
            georel: georel,
            geometry: geometry,
            coordinates: coordinates,
            expansion: LDContext.core
        )
        let query = RegistrationQuery(place: test)
        #expect(try isMatch(query, ["location": location]) == expected)
        #expect(try !isMatch(query, ["operationSpace": location]))
        #expect(try !isMatch(query, [:]))
    }

    @Test func `observationSpace and operationSpace are compared with themselves`() throws {
        let test = try GeoQuery.parse(
            georel: "within",
            geometry: "Polygon",
            coordinates: "[[[0,0],[2,0],[2,2],[0,2],[0,0]]]",
            geoproperty: "observationSpace",
            expansion: LDContext.core
        )
        let query = RegistrationQuery(place: test)
        #expect(try isMatch(query, ["observationSpace": Self.point]))
        #expect(try !isMatch(query, ["location": Self.point]))
    }
}
