import ContextModel
import Governance

extension WriteGrant {
    /// Throws for a request that names, at any depth, an attribute hidden in every entity.
    ///
    /// This depends on the policy alone, not on the data. `GrantedEntity` checks attributes that
    /// are hidden in the entity itself.
    func requireVisible(_ names: @autoclosure () -> [IRI]) throws(BrokerError) {
        guard !hidden.everywhere.isEmpty,
            let name = names().first(where: hidden.everywhere.contains)
        else { return }
        throw BrokerError(
            .forbidden,
            "Your token does not allow writing the attribute '\(name)'."
        )
    }
}

extension [NamedFragment] {
    /// The names of the attributes and of all attributes inside them.
    var names: [IRI] { flatMap { [$0.name] + $0.instances.flatMap(\.attributes.names) } }
}
