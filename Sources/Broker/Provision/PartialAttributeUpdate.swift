package import ContextModel
package import Governance

extension Writing {
    /// Partial Attribute Update (clause 5.6.4).
    package func updateAttribute(
        _ name: String,
        of id: EntityID,
        _ body: JSONValue,
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let reader = EntityReader(context: ld, options: .init(allowsNull: true, isPartial: true))
        let (iri, fragment) = try BrokerError.reading { () throws(EntityError) in
            try reader.attributeFragment(name, body)
        }
        let names = [iri] + fragment.attributes.names
        let large = OversizedRequest([NamedFragment(name: iri, instances: [fragment])])
        try await change(id, caller, types: types, naming: names, large: large) { target, now in
            let change = try BrokerError.reading { () throws(EntityError) in
                try EntityChange.partialUpdate(of: target, iri, with: fragment, at: now)
            }
            guard let change else { throw BrokerError.unknown(name, of: id) }
            return (change, ())
        }
    }
}

extension BrokerError {
    static func unknown(_ attribute: String, of id: EntityID) -> BrokerError {
        BrokerError(.resourceNotFound, "The entity '\(id)' has no attribute '\(attribute)'.")
    }
}
