import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Available Attributes, with or without details (clauses 5.7.8 and 5.7.9).
    package func attributes(
        caller: Caller
    ) async throws -> Disclosed<Discovered<[AttributeInformation]>> {
        let session = try await session(caller)
        let all = AttributeInformation.all(in: try await session.read { try $0.shapes() })
        return session.seal(Discovered(information: all))
    }
}
