package import ContextModel
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Attributes (clause 5.7.8): their names, in alphabetical order.
    package func attributeNames(caller: Caller) async throws -> Disclosed<Discovered<[IRI]>> {
        let session = try await session(caller)
        let names = try await session.read { transaction in
            var names: Set<IRI> = []
            for shape in try transaction.shapes() {
                try transaction.charge(shape.attributes.count)
                names.formUnion(shape.attributes.keys)
            }
            return names.sorted { $0.text < $1.text }
        }
        return try await session.seal(Discovered(information: names))
    }

    /// Retrieve Details of Available Attributes (clause 5.7.9).
    ///
    /// Throws `tooManyResults` when they belong to more types than an answer may have.
    package func attributes(
        caller: Caller
    ) async throws -> Disclosed<Discovered<[AttributeInformation]>> {
        let session = try await session(caller)
        let all = try await session.read { [limits] transaction in
            var size = DiscoverySize(limits)
            return try transaction.attributes(of: try transaction.shapes(), size: &size)
        }
        return try await session.seal(Discovered(information: all))
    }
}
