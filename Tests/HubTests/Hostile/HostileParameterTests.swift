import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// URLs no client should send.
@Suite struct HostileParameterTests {
    private static let requests: [HostileRequest] = [
        .query("type=T&nonsense=1", says: "nonsense"),
        .query("type=T&type=U", says: "type", "twice"),
        .query("type=T&limit=-1", says: "limit", "-1"),
        .query("type=T&limit=9223372036854775807", says: "9223372036854775807", status: 403),
        .query("type=T&limit=99999999999999999999", says: "limit", "99999999999999999999"),
        .query("type=T&offset=9223372036854775807", says: "offset", status: 403),
        .query("type=T&offset=1e3", says: "offset", "1e3"),
        .query("type=T&count=perhaps", says: "count", "perhaps"),
        .query("type=%zz", says: "percent"),
        .query("type=%ff", says: "percent"),
        .query("type=T&idPattern=(a)%5C1", says: "idPattern"),
        .query("type=T&idPattern=((a%7B99%7D)%7B99%7D)%7B99%7D", says: "idPattern"),
        .query("type=T&idPattern=\(String(repeating: "a", count: 2_000))", says: "idPattern"),
        .query("type=T&q=", says: "q"),
        .query("type=T&q=a==", says: "q"),
        .query("type=T&q=\(String(repeating: "(", count: 5_000))", says: "q"),
        .query("type=T&q=a~=((b)", says: "parenthesis"),
        .query("type=T&q=a%3E1..2..3", says: ".."),
        .query("type=T&scopeQ=/a//b", says: "scopeQ", "/a//b"),
        .query("type=\(String(repeating: "(", count: 5_000))", says: "type"),
        .query("type=T&georel=near&geometry=Point&coordinates=[0,0]", says: "near"),
        .query("type=T&georel=within&geometry=Polygon&coordinates=[[[[", says: "coordinates"),
        .query(
            "type=T&georel=near;maxDistance==-1&geometry=Point&coordinates=[0,0]",
            says: "maxDistance"
        ),
        .query(
            "type=T&georel=near;maxDistance==1e999&geometry=Point&coordinates=[0,0]",
            says: "maxDistance"
        ),
        .query("type=T&georel=within", says: "geometry", "coordinates"),
        .query("type=T&lang=;", says: "lang", ";"),
        .query("type=T&lang=,", says: "lang", ","),
        .query("type=T&pick=\(String(repeating: "a%7B", count: 2_000))", says: "pick"),
        .query("type=T&join=inline&joinLevel=99999999", says: "joinLevel", "99999999"),
        .query("type=T&orderBy=;;;", says: "orderBy"),
        .query("type=T&options=nonsense", says: "nonsense"),
        .temporal("type=T&timerel=sometimes&timeAt=2020-01-01T00:00:00Z", says: "sometimes"),
        .temporal("type=T&timerel=after&timeAt=yesterday", says: "timeAt", "yesterday"),
        .temporal(
            "type=T&timerel=after&timeAt=2020-01-01T00:00:00Z&lastN=0",
            says: "lastN"
        ),
        .temporal(
            "type=T&timerel=after&timeAt=2020-01-01T00:00:00Z&options=aggregatedValues"
                + "&aggrMethods=sum&aggrPeriodDuration=P1.5D",
            says: "aggrPeriodDuration",
            "P1.5D"
        ),
        HostileRequest(
            name: "an id that is no URI",
            method: .GET,
            path: "/ngsi-ld/v1/entities/seven",
            says: ["seven"]
        ),
        HostileRequest(
            name: "an id left out",
            method: .PATCH,
            path: "/ngsi-ld/v1/entities//attrs",
            contentType: "application/json",
            body: Array("{}".utf8),
            says: ["path"]
        ),
    ]

    @Test func `a wrong parameter is refused by name`() async throws {
        let hub = try await RealHub(folder: TestFolder())
        try await HubClient.with { client in
            for request in Self.requests {
                request.check(try await request.send(to: hub))
            }
            #expect(try await client.send(.GET, "/health", to: hub).status == 200)
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Valid requests that are expensive.
    private static let extremes = [
        "entities?type=T&lang=en;q=nan,;q=1",
        "temporal/entities?type=T&timerel=after&timeAt=2020-01-01T00:00:00Z&options=aggregatedValues"
            + "&aggrMethods=sum&aggrPeriodDuration=P999999Y999999M&timeproperty=modifiedAt",
        "temporal/entities?type=T&timerel=after&timeAt=0000-01-01T00:00:00Z&options=aggregatedValues"
            + "&aggrMethods=sum&aggrPeriodDuration=PT0.000001S&timeproperty=modifiedAt",
        "temporal/entities?type=T&timerel=between&timeAt=9999-12-31T23:59:59Z"
            + "&endTimeAt=0000-01-01T00:00:00Z&timeproperty=modifiedAt",
        "entities?type=T&q=text~=(a*)*b", "entities?type=T&q=text~=(a%7Caa)%2B$",
        "entities?type=T&idPattern=(a*)*b", "entities?type=T&idPattern=(.*)(.*)(.*)(.*)(.*)x",
    ]

    @Test func `an expensive request is answered or refused within seconds`() async throws {
        let hub = try await RealHub(folder: TestFolder())
        try await HubClient.with { client in
            let long = String(repeating: "a", count: 4_000)
            let made = try await client.send(
                .POST,
                "/ngsi-ld/v1/entities",
                to: hub,
                json: ["id": .string("urn:x:\(long)"), "type": "T", "text": .string(long), "n": 1]
            )
            #expect(made.status == 201)
            for path in Self.extremes {
                let start = ContinuousClock.now
                let answer = try await hub.request(.GET, "/ngsi-ld/v1/\(path)")
                #expect(answer.status < 500, "\(path): \(answer.text)")
                #expect(start.duration(to: .now) < .seconds(20), "\(path)")
            }
        }
        #expect(await hub.stop() == .exited(0))
    }
}
