import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Entity Types, with or without details (clauses 5.7.5 and 5.7.6).
    package func types(caller: Caller) async throws -> [TypeInformation] {
        let (store, grant) = try await reading(caller)
        let shapes = try await store.shapes(grant: grant)
        let names = Set(shapes.flatMap(\.types)).sorted { $0.text < $1.text }
        return names.map { TypeInformation($0, from: shapes) }
    }
}
