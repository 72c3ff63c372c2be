import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("6.3.20")) struct OptionsTests {
    @Test(arguments: [
        "entities?type=Bus&options=noOverwrite", "entities?type=Bus&format=temporalValues",
        "entities/urn:x:1?options=aggregatedValues", "entities/urn:x:1?options=update",
    ])
    func `what belongs to another operation is refused`(path: String) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let answer = try await client.send(.get, path)
            #expect(answer.status == .badRequest)
            #expect(try answer.json["type"]?.stringValue?.hasSuffix("InvalidRequest") == true)
        }
    }
}
