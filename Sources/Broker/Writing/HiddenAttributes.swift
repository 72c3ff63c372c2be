import ContextModel
import Governance

extension WriteGrant {
    /// Refuses a request that names what is hidden in every entity, at whatever depth: the policy
    /// speaks, not the data.
    ///
    /// Whether it names what is hidden in the entity that it changes, `GrantedEntity` knows.
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
    /// The names of attributes and of all that is inside them.
    var names: [IRI] { flatMap { [$0.name] + $0.instances.flatMap(\.attributes.names) } }
}
