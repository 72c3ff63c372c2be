import Broker
import Collect
import ContextModel
import Governance

@testable import Gateway

/// Sources for tests that ask every route: a webhook `air` whose secret is in the query, and devices.
enum SourceSample {
    static let definition =
        #"{"webhook": {"query": {"name": "key", "secret": {"variable": "BALAI_SOURCE_AIR"}}}, "#
        + #""map": {"type": "Well", "id": "urn:x:{a}", "attributes": {"level": {"column": "a"}}}}"#

    /// The key of a group of devices with the device `pump`.
    static let key = "key-of-the-test"

    static let secrets = SourceSecrets(folder: nil, environment: ["BALAI_SOURCE_AIR": "x"])

    static func keep(in hub: Hub) async throws {
        guard let name = SourceName("air") else { return }
        let caller = Caller(party: .operator)
        _ = try await hub.sourcing.put(name, definition, caller: caller)
        try await hub.sourcing.createGroups(
            [["apikey": .string(key), "entity_type": "Well"]],
            path: nil,
            caller: caller
        )
        try await hub.sourcing.createDevices(
            [["device_id": "pump", "commands": [["name": "start"]]]],
            path: nil,
            caller: caller
        )
    }
}
