import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Attributes, with or without details (clauses 5.7.8 and 5.7.9).
    package func attributes(caller: Caller) async throws -> [AttributeInformation] {
        let (store, grant) = try await reading(caller)
        return AttributeInformation.all(in: try await store.shapes(grant: grant))
    }
}
