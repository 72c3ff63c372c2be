package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Replace Attribute (clause 5.6.19).
    package func replaceAttribute(
        _ name: String,
        of id: EntityID,
        _ body: JSONValue,
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let reader = reader(ld)
        let (iri, attribute) = try BrokerError.reading { () throws(EntityError) in
            let (iri, fragment) = try reader.attributeFragment(name, body)
            guard let attribute = fragment.complete else {
                throw EntityError("The attribute '\(name)' has no value.")
            }
            return (iri, attribute)
        }
        let names = [iri] + attribute.attributes.names
        let entity = Entity(
            id: id,
            types: [],
            attributes: [NamedAttribute(name: iri, instances: [attribute])]
        )
        let large = OversizedRequest(entity)
        try await change(id, caller, types: types, naming: names, large: large) { target, now in
            let change = EntityChange.attributeReplacement(
                in: target,
                iri,
                with: attribute,
                at: now
            )
            guard let change else { throw BrokerError.unknown(name, of: id) }
            return (change, ())
        }
    }
}
