package import ContextModel
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Entity Type Information (clause 5.7.7).
    package func type(
        _ type: IRI,
        caller: Caller
    ) async throws -> Disclosed<Discovered<TypeInformation>> {
        let session = try await session(caller)
        let information = try await session.read { [limits] transaction -> TypeInformation? in
            var size = DiscoverySize(limits)
            let own = try transaction.shapes().filter { $0.types.contains(type) }
            if own.isEmpty { return nil }
            return try transaction.information(of: type, from: own, size: &size)
        }
        guard let information else {
            throw BrokerError(.resourceNotFound, "There is no entity of type '\(type)'.")
        }
        return try await session.seal(Discovered(information: information))
    }
}
