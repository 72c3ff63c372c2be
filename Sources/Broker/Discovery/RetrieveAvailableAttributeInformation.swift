package import ContextModel
package import Governance

extension Hub {
    /// Retrieve Available Attribute Information (clause 5.7.10).
    package func attribute(_ name: IRI, caller: Caller) async throws -> AttributeInformation {
        guard let found = try await attributes(caller: caller).first(where: { $0.name == name })
        else {
            throw BrokerError(.resourceNotFound, "No entity has an attribute '\(name)'.")
        }
        return found
    }
}
