import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// The catalogue of the open data.
@Suite struct CatalogueTests {
    @Test func `each type is a dataset whose distributions can be read`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let answer = try await client.send(.get, "/catalog")
            #expect(answer.headers[.contentType] == "application/ld+json")
            let catalogue = try answer.json
            #expect(catalogue["@type"] == "dcat:Catalog")
            let datasets = catalogue["dcat:dataset"]?.arrayValue?.compactMap(\.objectValue) ?? []
            #expect(datasets.map { $0["dct:title"]?.objectValue?["@value"] } == ["Bus"])
            let distributions = datasets.first?["dcat:distribution"]?.arrayValue ?? []
            #expect(distributions.count == 5)
            for distribution in distributions {
                let url = distribution.objectValue?["dcat:accessURL"]?.objectValue?["@id"]?
                    .stringValue
                let path = try #require(url?.firstMatch(of: /\/(?:ngsi-ld|collections).*/)).0
                #expect(try await client.send(.get, String(path)).status == .ok)
            }
        }
    }
}
