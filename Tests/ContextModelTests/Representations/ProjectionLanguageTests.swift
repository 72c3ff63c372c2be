import Clauses
import Testing

@testable import ContextModel

@Suite(.clause("4.21")) struct ProjectionLanguageTests {
    private let language = ProjectionLanguage(expansion: LDContext.core)

    private func projection(pick: String? = nil, omit: String? = nil) throws -> Projection {
        try language.parse(pick: pick, omit: omit)
    }

    private func iri(_ name: String) -> IRI { LDContext.core.expand(name) }

    @Test(arguments: ["id,name", "id|name"])
    func `comma and bar both separate names`(pick: String) throws {
        let projection = try projection(pick: pick)
        #expect(projection.attributes == [iri("name")])
        #expect(projection.entityMembers == ["id"])
        #expect(projection.depth == 0)
    }

    @Test func `braces pick members of the entities a Relationship leads to`() throws {
        let projection = try projection(pick: "id,at{name,in{type}},name")
        #expect(projection.attributes == [iri("at"), iri("name")])
        #expect(projection.depth == 2)
        let city = projection.projection(through: iri("at"))
        #expect(city.attributes == [iri("name"), iri("in")])
        #expect(!city.shows(member: "id"))
        let country = city.projection(through: iri("in"))
        #expect(country.shows(member: "type") && !country.shows(iri("name")))
    }

    @Test func `a Relationship picked without braces shows all of its entities`() throws {
        let city = try projection(pick: "at").projection(through: iri("at"))
        #expect(city == Projection())
    }

    @Test func `omit with braces keeps the Relationship itself`() throws {
        let projection = try projection(omit: "type,at{name}")
        #expect(projection.shows(iri("at")) && !projection.shows(member: "type"))
        let city = projection.projection(through: iri("at"))
        #expect(city.shows(member: "type") && !city.shows(iri("name")))
    }

    @Test(
        arguments: [
            "id;name", "id,at{name", "id,at{{name}", "id,,name", "id,at{,name}", "id,at{}", "",
            "name}", "a b", "id{name}", "a{b}c",
        ]
    )
    func `invalid syntax is refused`(pick: String) {
        #expect(throws: ConditionError.self) { try projection(pick: pick) }
        #expect(throws: ConditionError.self) { try projection(omit: pick) }
    }

    @Test func `braces have a depth limit`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "a{", count: depth) + "b" + String(repeating: "}", count: depth)
        }
        #expect(try projection(pick: nested(Join.maximumLevel)).depth == Join.maximumLevel)
        #expect(throws: ConditionError.self) {
            try projection(pick: nested(Join.maximumLevel + 1))
        }
    }

    @Test(
        arguments: [("name", "name"), ("id", "id"), ("at{name}", "at"), ("at{a,b}", "at{b}")]
    )
    func `a name cannot be both picked and omitted`(pick: String, omit: String) {
        #expect(throws: ConditionError.self) { try projection(pick: pick, omit: omit) }
    }

    @Test func `omitting a part of a picked member is no contradiction`() throws {
        let city = try projection(pick: "at", omit: "at{name}").projection(through: iri("at"))
        #expect(!city.shows(iri("name")) && city.shows(iri("population")))
    }

    @Test func `picking attributes alone finds entities that have one of them`() throws {
        let name = Condition.attribute(iri("name"))
        #expect(try projection(pick: "name").picked(hidden: []) == name)
        #expect(try projection(pick: "name,secret").picked(hidden: [iri("secret")]) == name)
        #expect(try projection(pick: "secret").picked(hidden: [iri("secret")]) == .nothing)
        #expect(try projection(pick: "id,name").picked(hidden: []) == .everything)
        #expect(try projection(omit: "name").picked(hidden: []) == .everything)
        #expect(
            try projection(pick: "scope").picked(hidden: [])
                == .scope(ScopePattern(segments: ["#"]))
        )
    }
}
