package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Partial Update Attribute Instance in Temporal Evolution (clause 5.6.14).
    package func modifyInstance(
        _ instanceID: String,
        of name: String,
        entity id: EntityID,
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let reader = reader(ld, .init(isTemporal: true))
        let (iri, attribute) = try BrokerError.reading { () throws(EntityError) in
            // The body is an entity fragment with this attribute, or the instance itself.
            let json = body.objectValue?[name] ?? body
            let (iri, fragment) = try reader.attributeFragment(name, json)
            guard let attribute = fragment.complete else {
                throw EntityError("The instance of '\(name)' has no value.")
            }
            return (iri, attribute)
        }
        let now = clock()
        let names = [iri] + attribute.attributes.names
        try await changeEvolution(of: id, naming: names, caller) { evolution, notThere in
            var attribute = attribute
            attribute.modifiedAt = now
            return try evolution.replacing(
                instanceID,
                of: iri,
                with: attribute,
                orElse: notThere
            )
        }
    }
}
