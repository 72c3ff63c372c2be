import Broker
import ContextModel
import Foundation
import Governance
import Logging
import StorageSQLite
import Testing

@testable import Outbound

/// The parts of a hub work together.
@Suite struct HubPartsTests {
    private let boss = Caller(party: .operator)

    /// Runs the body with a hub on a store of its own.
    private func test(
        allowsPrivateAddresses: Bool,
        _ body: (Hub) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "balai-parts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now: @Sendable () -> Timestamp = { Timestamp(microseconds: 1_800_000_000_000_000) }
        let store = try SQLiteStore(folder: folder, clock: now)
        let parts = try await HubParts.make(
            store: store,
            policy: Policy(permissions: []),
            settings: OutboundSettings(
                publicURL: "http://hub.example",
                allowsPrivateAddresses: allowsPrivateAddresses
            ),
            clock: HubClock(now),
            makeIdentifier: { UUID().uuidString },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await body(parts.hub)
        let service = Task { try await parts.notifications.run() }
        service.cancel()
        try await service.value
        await store.close()
    }

    private func subscription(to uri: String) -> JSONValue {
        [
            "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": .string(uri)]],
        ]
    }

    @Test(arguments: ["http://127.0.0.1:9/", "http://localhost/a", "mqtt://10.0.0.1/buses"])
    func `a subscription to an address that is never called is refused`(
        uri: String
    ) async throws {
        try await test(allowsPrivateAddresses: false) { hub in
            let error = await #expect(throws: BrokerError.self) {
                try await hub.subscribing.createSubscription(
                    subscription(to: uri),
                    ld: .core,
                    caller: boss
                )
            }
            #expect(error?.code == .badRequestData)
            #expect(error?.detail.contains("'notification.endpoint.uri'") == true)
            #expect(error?.detail.contains("contexts.allowPrivateAddresses") == true)

            let id = try await hub.subscribing.createSubscription(
                subscription(to: "https://receiver.example/"),
                ld: .core,
                caller: boss
            )
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await hub.subscribing.updateSubscription(
                    id,
                    ["notification": ["endpoint": ["uri": .string(uri)]]],
                    ld: .core,
                    caller: boss
                )
            }
        }
        try await test(allowsPrivateAddresses: true) { hub in
            _ = try await hub.subscribing.createSubscription(
                subscription(to: uri),
                ld: .core,
                caller: boss
            )
        }
    }
}
