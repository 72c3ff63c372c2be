package import ContextModel
import Federation
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Entity Type Information (clause 5.7.7), here and, where it is passed on,
    /// at sources.
    package func type(
        _ type: IRI,
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<Discovered<TypeInformation>> {
        let session = try await session(caller)
        let found = try await discovered(.type(type), forwarding, session, caller)
        let own = try await session.without(found.claims).read {
            [limits] transaction -> [TypeInformation] in
            var size = DiscoverySize(limits)
            let own = try transaction.shapes().filter { $0.types.contains(type) }
            if own.isEmpty { return [] }
            return [try transaction.information(of: type, from: own, size: &size)]
        }
        guard let information = try own.joined(with: found.things.types, limits).first else {
            var error = BrokerError(.resourceNotFound, "There is no entity of type '\(type)'.")
            error.warnings = found.warnings
            throw error
        }
        return try await session.seal(
            Discovered(information: information),
            warnings: found.warnings
        )
    }
}
