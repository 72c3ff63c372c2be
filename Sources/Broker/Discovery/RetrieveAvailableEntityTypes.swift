import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Entity Types, with or without details (clauses 5.7.5 and 5.7.6).
    package func types(
        caller: Caller
    ) async throws -> Disclosed<Discovered<[TypeInformation]>> {
        let session = try await session(caller)
        let shapes = try await session.read { try $0.shapes() }
        let names = Set(shapes.flatMap(\.types)).sorted { $0.text < $1.text }
        let all = names.map { TypeInformation($0, from: shapes) }
        return session.seal(Discovered(information: all))
    }
}
