package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Delete Attribute Instance from Temporal Evolution of an Entity (clause 5.6.15).
    package func deleteInstance(
        _ instanceID: String,
        of name: IRI,
        entity id: EntityID,
        caller: Caller
    ) async throws {
        try await changeEvolution(of: id, naming: [name], caller) { evolution, notThere in
            try evolution.removing(.instance(name, instanceID: instanceID), orElse: notThere)
        }
    }
}
