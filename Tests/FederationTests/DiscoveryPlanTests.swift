import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("5.7.5", "5.7.6", "5.7.7", "5.7.8", "5.7.9", "5.7.10", "5.7.11"))
struct DiscoveryPlanTests {
    private typealias Sample = FederationSample

    private static let questions: [DiscoveryQuestion] = [
        .types, .typeDetails, .type(Sample.iri("Bus")), .attributes, .attributeDetails,
        .attribute(Sample.iri("speed")),
    ]

    private func plan(
        _ question: DiscoveryQuestion,
        _ registrations: [ContextSourceRegistration],
        via: [String] = []
    ) -> DiscoveryPlan {
        DiscoveryPlan(
            question,
            to: registrations.map {
                MatchedRegistration($0, information: Array($0.information.indices))
            },
            via: via
        )
    }

    private func read(
        _ question: DiscoveryQuestion,
        _ elements: [JSONValue],
        _ info: [RegistrationInfo] = [Sample.info(types: ["Bus"])]
    ) throws -> DiscoveredThings {
        let part = try #require(plan(question, [Sample.registration(about: info)]).parts.first)
        return try DiscoveredThings(elements.map { ($0, .core) }, to: part)
    }

    @Test(arguments: questions)
    func `who offers the operation is asked`(question: DiscoveryQuestion) throws {
        let offering = Sample.registration("urn:r:1", operations: [question.operation])
        var known = Sample.registration("urn:r:2")
        known.alias = "city-b"
        let others = Sample.registration("urn:r:3", operations: [.queryEntity])
        let parts = plan(question, [offering, known, others], via: ["city-b"]).parts
        #expect(parts.map(\.registration.id) == ["urn:r:1"])
        let request = try #require(parts.first).request(
            in: SourceManner(context: .core, via: ["hub"])
        )
        #expect(request.operation == question.operation)
        let isDetailed = question == .typeDetails || question == .attributeDetails
        #expect(request.parameters.map(\.key) == (isDetailed ? ["details"] : []))
        switch question {
        case .type: #expect(request.attribute == "Bus")
        case .attribute: #expect(request.attribute == "speed")
        default: #expect(request.attribute == nil)
        }
    }

    @Test func `who is about other things is not asked`() {
        let trams = Sample.registration(about: [Sample.info(types: ["Tram"])])
        #expect(plan(.type(Sample.iri("Bus")), [trams]).parts.isEmpty)
        let names = Sample.registration(about: [Sample.info(types: ["Bus"], attributes: ["name"])])
        #expect(plan(.attribute(Sample.iri("speed")), [names]).parts.isEmpty)
        #expect(plan(.attribute(Sample.iri("name")), [names]).parts.count == 1)
        let many = (0..<70).map { Sample.registration("urn:r:\($0)") }
        let full = plan(.types, many)
        #expect(full.parts.count == 64 && full.leftOut.count == 6)
    }

    /// What a registration is not about is not believed.
    @Test func `answers are held to the registration`() throws {
        let types = try read(.types, [["typeList": ["Bus", "Tram", "https://x.example/Y"]]])
        #expect(types.types.map(\.type) == [Sample.iri("Bus")])
        let speed = [Sample.info(types: ["Bus"], attributes: ["speed"])]
        let details = try read(
            .typeDetails,
            [
                ["typeName": "Bus", "attributeNames": ["speed", "name"]],
                ["typeName": "Tram", "attributeNames": ["speed"]],
            ],
            speed
        )
        #expect(details.types.map(\.type) == [Sample.iri("Bus")])
        #expect(details.types[0].attributes.map(\.name) == [Sample.iri("speed")])
        let attributes = try read(
            .attributeDetails,
            [
                ["attributeName": "speed", "typeNames": ["Bus", "Tram"]],
                ["attributeName": "name", "typeNames": ["Bus"]],
                ["attributeName": "speed", "typeNames": ["Tram"]],
            ],
            speed
        )
        #expect(attributes.attributes.map(\.types) == [[Sample.iri("Bus")]])
        // Where it does not say the types, they are the registered ones.
        let names = try read(.attributes, [["attributeList": ["speed", "name"]]], speed)
        #expect(names.attributes.map(\.name) == [Sample.iri("speed")])
        #expect(names.attributes.map(\.types) == [[Sample.iri("Bus")]])
        let any = try read(.attributes, [["attributeList": ["x"]]], [Sample.info()])
        #expect(any.attributes.map(\.types) == [nil])
    }

    @Test func `counts and kinds are taken over`() throws {
        let type = try read(
            .type(Sample.iri("Bus")),
            [
                [
                    "typeName": "Bus", "entityCount": 7,
                    "attributeDetails": [
                        ["attributeName": "speed", "attributeTypes": ["Property", "Nonsense"]]
                    ],
                ]
            ]
        )
        #expect(type.types[0].count == 7)
        #expect(type.types[0].attributes[0].kinds == [.property])
        let attribute = try read(
            .attribute(Sample.iri("speed")),
            [
                [
                    "attributeName": "speed", "attributeCount": -5, "typeNames": [],
                    "attributeTypes": ["Relationship"],
                ]
            ]
        )
        #expect(attribute.attributes[0].count == 0)
        #expect(attribute.attributes[0].kinds == [.relationship])
    }

    @Test(arguments: questions)
    func `what is no answer is refused`(question: DiscoveryQuestion) {
        let odd: [JSONValue] = [
            5, "text", [:], ["typeList": 5], ["typeList": [5]], ["typeName": 5],
            ["attributeName": "speed"], ["attributeList": ["", "x"]], ["attributeName": 5],
            ["typeName": "Bus", "attributeDetails": [5]],
        ]
        for element in odd {
            #expect(throws: SourceProblem.garbage) { try read(question, [element]) }
        }
    }

    @Test func `another type or attribute was not asked for`() {
        #expect(throws: SourceProblem.unasked) {
            try read(
                .type(Sample.iri("Bus")),
                [["typeName": "Tram", "entityCount": 1, "attributeDetails": []]]
            )
        }
        #expect(throws: SourceProblem.unasked) {
            try read(
                .attribute(Sample.iri("speed")),
                [["attributeName": "name", "typeNames": []]]
            )
        }
        let many = JSONValue.array((0...DiscoveredThings.maximumNames).map { .string("x\($0)") })
        #expect(throws: SourceProblem.tooMuch) { try read(.types, [["typeList": many]]) }
    }
}
