package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Entity Type Information (clause 5.7.7).
    package func type(
        _ type: IRI,
        caller: Caller
    ) async throws -> Disclosed<Discovered<TypeInformation>> {
        let session = try await session(caller)
        let shapes = try await session.read { try $0.shapes() }
        guard shapes.contains(where: { $0.types.contains(type) }) else {
            throw BrokerError(.resourceNotFound, "There is no entity of type '\(type)'.")
        }
        return session.seal(Discovered(information: TypeInformation(type, from: shapes)))
    }
}
