import Broker
import ContextModel
import Testing

@testable import Gateway

@Suite struct EntityParametersTests {
    private func representation(_ items: [String: String]) throws -> Representation {
        let parameters = EntityParameters(
            items: QueryItems(items),
            ld: .core,
            limits: HubLimits()
        )
        return try parameters.representation()
    }

    @Test func `join says the form, joinLevel the depth, containedBy what is known`() throws {
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
    func `a join or projection that makes no sense is refused`(items: [String: String]) {
        #expect(throws: BrokerError(.badRequestData, "")) { try representation(items) }
    }

    @Test func `a projection may look as far as links are followed`() throws {
        let deep = try representation([
            "join": "inline", "joinLevel": "2", "pick": "at{in{name}}",
        ])
        #expect(deep.projection.depth == 2)
    }
}
