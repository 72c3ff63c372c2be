package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Attribute Information (clause 5.7.10).
    package func attribute(
        _ name: IRI,
        caller: Caller
    ) async throws -> Disclosed<Discovered<AttributeInformation>> {
        let session = try await session(caller)
        let all = AttributeInformation.all(in: try await session.read { try $0.shapes() })
        guard let found = all.first(where: { $0.name == name }) else {
            throw BrokerError(.resourceNotFound, "No entity has an attribute '\(name)'.")
        }
        return session.seal(Discovered(information: found))
    }
}
