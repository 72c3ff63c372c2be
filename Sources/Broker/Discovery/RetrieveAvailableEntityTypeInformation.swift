package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Entity Type Information (clause 5.7.7).
    package func type(_ type: IRI, caller: Caller) async throws -> TypeInformation {
        let (store, grant) = try await reading(caller)
        let shapes = try await store.shapes(grant: grant)
        guard shapes.contains(where: { $0.types.contains(type) }) else {
            throw BrokerError(.resourceNotFound, "There is no entity of type '\(type)'.")
        }
        return TypeInformation(type, from: shapes)
    }
}
