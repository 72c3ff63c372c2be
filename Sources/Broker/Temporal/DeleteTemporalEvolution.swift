package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Delete Temporal Evolution of an Entity (clause 5.6.16).
    package func deleteEvolution(of id: EntityID, caller: Caller) async throws {
        try await removeHistory(.everything, of: id, caller: caller)
    }
}
