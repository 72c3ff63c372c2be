import ContextModel
import Testing

@testable import Gateway

/// What the record says of tables.
@Suite struct RightsTableTests {
    /// The table of one entity, or of one history, is one access, not two.
    @Test(arguments: [
        "/ngsi-ld/v1/entities/{entity}?format=csv",
        "/ngsi-ld/v1/entities/{entity}?format=csv&layout=wide",
        "/ngsi-ld/v1/temporal/entities/{entity}?format=csv",
        "/ngsi-ld/v1/temporal/entities/{entity}?format=geojson",
        "/sensorthings/v1.1/Things('{entity}')?$expand=HistoricalLocations",
    ])
    func `one table is one access of the person`(path: String) async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            let before = try await Self.accesses(client)
            let uri = path.replacing("{entity}", with: RightsClass.personal.entity)
            let answer = try await client.send(WorldRequest(uri: uri), as: RightsAsker(.clinic))
            try #require(answer.status == 200, "\(answer)")
            #expect(answer.text.contains(RightsClass.personal.marker))
            #expect(try await Self.accesses(client) == before + 1)
        }
    }

    private static func accesses(_ client: RightsClient) async throws -> Int {
        let path = "/governance/v1/subjects/\(RightsWorld.person)/accesses"
        let answer = try await client.send(WorldRequest(uri: path), as: RightsAsker(.person))
        return try JSONReader.read(Array(answer.body.utf8)).arrayValue?.count ?? 0
    }
}
