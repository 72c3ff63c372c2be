import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// Numbers at the ends of their ranges, wherever an address may have one.
@Suite struct ExtremeNumberTests {
    private static let extremes = [
        "9223372036854775807", "-9223372036854775808", "9007199254740993", "18446744073709551616",
        "1e308", "-0", "0.0.9223372036854775807", "0.0.-9223372036854775808",
    ]
    /// What parameters need so that others are looked at.
    private static let usual = [
        "type": "Meter", "attrs": "level", "from": "2026-01-01", "period": "day", "source": "SG",
        "destination": "ID", "category": "personal", "controller": "public",
        "timerel": "after", "timeAt": "2026-01-01T00:00:00Z", "subject": "urn:x:person",
    ]
    /// Parts of paths that lead to something.
    private static let places = [
        "entityId": "urn:x:1", "collectionId": "Meter", "featureId": "urn:x:1", "type": "Meter",
        "attrId": "level", "subjectId": "urn:x:person",
    ]
    /// Routes that answer without end.
    private static let endless = ["/events"]

    @Test(.timeLimit(.minutes(10))) func `no number in any address stops the hub`() async throws {
        let hub = try await RealHub(folder: try TestFolder())
        try await HubClient.with { client in
            try await client.create([Self.meter], at: hub)
            let description = try await client.send(.GET, "/openapi.json", to: hub).json
            let paths = try #require(description.objectValue?["paths"]?.objectValue)
            var count = 0
            for (path, item) in paths.members where !Self.endless.contains(path) {
                guard let get = item.objectValue?["get"]?.objectValue else { continue }
                for address in Self.addresses(path, get) {
                    let answer = try await client.send(.GET, address, to: hub)
                    #expect(
                        answer.status < 500,
                        "\(address): \(answer.status) \(answer.text)\n\(hub.process.errors)"
                    )
                    count += 1
                }
            }
            #expect(count > 1_000)
            let streams = "/sensorthings/v1.1/Datastreams('urn:x:1%7Clevel')/Observations"
            for token in Self.extremes {
                for order in ["asc", "desc"] {
                    let question = "?$orderby=phenomenonTime%20\(order)&$skiptoken=\(token)"
                    let answer = try await client.send(.GET, streams + question, to: hub)
                    #expect(answer.status < 500, "\(question): \(answer.text)")
                }
            }
        }
        #expect(await hub.stop() == .exited(0))
    }

    private static let meter: JSONValue = [
        "id": "urn:x:1", "type": "Meter",
        "level": ["type": "Property", "value": 1, "observedAt": "2026-01-01T08:00:00Z"],
        "location": [
            "type": "GeoProperty", "value": ["type": "Point", "coordinates": [98, 7]],
        ],
    ]

    /// The route's addresses with an extreme number in each parameter, and in each part of the path.
    private static func addresses(_ path: String, _ operation: JSONObject) -> [String] {
        let parameters = (operation["parameters"]?.arrayValue ?? []).compactMap(\.objectValue)
        func names(_ place: String) -> [String] {
            parameters.filter { $0["in"]?.stringValue == place }
                .compactMap { $0["name"]?.stringValue }
        }
        func filled(_ name: String? = nil, _ value: String = "") -> String {
            names("path").reduce(path) {
                $0.replacing("{\($1)}", with: $1 == name ? value : places[$1] ?? "0")
            }
        }
        let queries = names("query")
        let needed = queries.filter { usual[$0] != nil }.map { ($0, usual[$0] ?? "") }
        func query(_ name: String, _ value: String) -> String {
            (needed.filter { $0.0 != name } + [(name, value)])
                .map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
        }
        return extremes.flatMap { extreme in
            queries.map { "\(filled())?\(query($0, extreme))" }
                + names("path").map { filled($0, extreme) }
        }
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}
