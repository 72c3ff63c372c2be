package import ContextModel
import Federation
package import Governance
import Storage

extension Reading {
    /// Retrieve Available Attributes (clause 5.7.8), here and, where it is passed on, at sources:
    /// their names, in alphabetical order.
    package func attributeNames(
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[IRI]>> {
        let session = try await session(caller)
        let found = try await discovered(.attributes, forwarding, session, caller)
        let own = try await session.without(found.claims).read { transaction in
            var names: Set<IRI> = []
            for shape in try transaction.shapes() {
                try transaction.charge(shape.attributes.count)
                names.formUnion(shape.attributes.keys)
            }
            return names
        }
        let names = own.union(found.things.attributes.map(\.name)).sorted { $0.text < $1.text }
        return try await session.seal(Discovered(information: names), warnings: found.warnings)
    }

    /// Retrieve Details of Available Attributes (clause 5.7.9), here and, where it is passed on, at
    /// sources.
    ///
    /// Throws `tooManyResults` when they belong to more types than an answer may have.
    package func attributes(
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<Discovered<[AttributeInformation]>> {
        let session = try await session(caller)
        let found = try await discovered(.attributeDetails, forwarding, session, caller)
        let own = try await session.without(found.claims).read { [limits] transaction in
            var size = DiscoverySize(limits)
            return try transaction.attributes(of: try transaction.shapes(), size: &size)
        }
        let all = try own.joined(with: found.things.attributes, limits)
        return try await session.seal(Discovered(information: all), warnings: found.warnings)
    }
}
