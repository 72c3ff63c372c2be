import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// The links to further pages.
@Suite struct PageLinksTests {
    @Test(.clause("6.3.10"), arguments: [false, true])
    func `a FeatureCollection has the links of the header in its body, and reaches every page`(
        isPosted: Bool
    ) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2, 3])
            var path: String? =
                isPosted ? "entityOperations/query?limit=2" : "entities?type=Bus&limit=2"
            var found: [String] = []
            var relations: [[String]] = []
            while let page = path {
                let answer = try await client.send(
                    isPosted ? .post : .get,
                    page,
                    isPosted ? ["type": "Query", "entities": [["type": "Bus"]]] : nil,
                    headers: [.accept: "application/geo+json"]
                )
                let body = try answer.json
                for feature in body["features"]?.arrayValue ?? [] {
                    found.append(feature.objectValue?["id"]?.stringValue ?? "")
                }
                let links = (body["links"]?.arrayValue ?? []).compactMap(\.objectValue)
                #expect(links.allSatisfy { $0["type"] == "application/geo+json" })
                let header = answer.headers[values: .link].joined()
                for link in links {
                    #expect(header.contains("<\(link["href"]?.stringValue ?? "?")>"))
                }
                relations.append(links.compactMap { $0["rel"]?.stringValue })
                path = links.first { $0["rel"] == "next" }?["href"]?.stringValue
            }
            #expect(found == ["urn:x:1", "urn:x:2", "urn:x:3"])
            #expect(relations == [["next"], ["prev"]])
        }
    }

    @Test func `a FeatureCollection with no other page has no links`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let answer = try await client.send(
                .get,
                "entities?type=Bus",
                headers: [.accept: "application/geo+json"]
            )
            #expect(try answer.json["links"] == nil)
            #expect(try answer.json["features"]?.arrayValue?.count == 1)
        }
    }
}
