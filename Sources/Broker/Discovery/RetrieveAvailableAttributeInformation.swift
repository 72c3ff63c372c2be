package import ContextModel
import Federation
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Attribute Information (clause 5.7.10), here and, where it is passed on, at
    /// sources.
    package func attribute(
        _ name: IRI,
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<Discovered<AttributeInformation>> {
        let session = try await session(caller)
        let found = try await discovered(.attribute(name), forwarding, session, caller)
        let own = try await session.without(found.claims).read { [limits] transaction in
            var size = DiscoverySize(limits)
            let own = try transaction.shapes().compactMap { shape -> EntityShape? in
                guard let kinds = shape.attributes[name] else { return nil }
                return EntityShape(
                    types: shape.types,
                    attributes: [name: kinds],
                    count: shape.count
                )
            }
            return try transaction.attributes(of: own, size: &size)
        }
        guard let all = try own.joined(with: found.things.attributes, limits).first else {
            var error = BrokerError(.resourceNotFound, "No entity has an attribute '\(name)'.")
            error.warnings = found.warnings
            throw error
        }
        return try await session.seal(Discovered(information: all), warnings: found.warnings)
    }
}
