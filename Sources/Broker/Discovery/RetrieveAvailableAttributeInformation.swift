package import ContextModel
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Attribute Information (clause 5.7.10).
    package func attribute(
        _ name: IRI,
        caller: Caller
    ) async throws -> Disclosed<Discovered<AttributeInformation>> {
        let session = try await session(caller)
        let found = try await session.read { [limits] transaction in
            var size = DiscoverySize(limits)
            let own = try transaction.shapes().compactMap { shape -> EntityShape? in
                guard let kinds = shape.attributes[name] else { return nil }
                return EntityShape(
                    types: shape.types,
                    attributes: [name: kinds],
                    count: shape.count
                )
            }
            return try transaction.attributes(of: own, size: &size).first
        }
        guard let found else {
            throw BrokerError(.resourceNotFound, "No entity has an attribute '\(name)'.")
        }
        return try await session.seal(Discovered(information: found))
    }
}
