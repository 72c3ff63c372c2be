import Broker
package import ContextModel
import Governance
import Synchronization

/// What the hub says of its city: what the operator keeps with it, or else what the configuration says.
///
/// Pages and the catalogue ask it at each answer, so a change is seen at once. A hub has one.
package final class KeptCity: Sendable, Hashable {
    /// Makes what is kept durable.
    package typealias Save = @Sendable (JSONValue) throws -> Void

    private let profile: Mutex<CityProfile?>
    private let save: Save

    package init(_ profile: CityProfile? = nil, save: @escaping Save = { _ in }) {
        self.profile = Mutex(profile)
        self.save = save
    }

    package var current: CityProfile? { profile.withLock { $0 } }

    /// Keeps what the operator says of the city, for all tenants.
    func keep(_ new: CityProfile, _ hub: Hub, caller: Caller) async throws {
        try await hub.access.require(.administer, caller)
        guard caller.tenant == nil else {
            throw BrokerError(
                .badRequestData,
                "The city is that of all tenants: leave NGSILD-Tenant out."
            )
        }
        do {
            try profile.withLock {
                try save(new.json)
                $0 = new
            }
        } catch {
            throw BrokerError(.internalError, "The city cannot be kept.", note: "\(error)")
        }
    }

    package static func == (one: KeptCity, other: KeptCity) -> Bool { one === other }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
