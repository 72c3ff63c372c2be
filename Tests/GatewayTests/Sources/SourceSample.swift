import Broker
import Collect
import Governance

@testable import Gateway

/// A source for tests that ask every route: a webhook `air` whose secret is in the query.
enum SourceSample {
    static let definition =
        #"{"webhook": {"query": {"name": "key", "secret": {"variable": "BALAI_SOURCE_AIR"}}}, "#
        + #""map": {"type": "Well", "id": "urn:x:{a}", "attributes": {"level": {"column": "a"}}}}"#

    static let secrets = SourceSecrets(folder: nil, environment: ["BALAI_SOURCE_AIR": "x"])

    static func keep(in hub: Hub) async throws {
        guard let name = SourceName("air") else { return }
        _ = try await hub.sourcing.put(name, definition, caller: Caller(party: .operator))
    }
}
