package import ContextModel
package import Governance
package import Storage

extension Hub {
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
            // The body is an entity fragment with the one attribute, or the instance itself.
            let json = body.objectValue?[name] ?? body
            let (iri, fragment) = try reader.attributeFragment(name, json)
            guard let attribute = fragment.complete else {
                throw EntityError("The instance of '\(name)' has no value.")
            }
            return (iri, attribute)
        }
        let now = clock()
        let names = [iri] + attribute.attributes.names
        try await changeEvolution(of: id, naming: names, caller) { transaction in
            var attribute = attribute
            attribute.modifiedAt = now
            return try transaction.modifyHistory(
                id,
                name: iri,
                instanceID: instanceID,
                attribute
            )
        }
    }

    /// Delete Attribute from, Delete Attribute Instance from, or Delete Temporal Evolution of an
    /// Entity (clauses 5.6.13, 5.6.15 and 5.6.16).
    package func removeFromEvolution(
        of id: EntityID,
        _ what: HistoryRemoval,
        caller: Caller
    ) async throws {
        try await changeEvolution(of: id, naming: what.names, caller) { transaction in
            try transaction.removeHistory(id, what)
        }
    }

    /// Changes an evolution; `change` returns false when what it should change is not there.
    private func changeEvolution(
        of id: EntityID,
        naming names: [IRI],
        _ caller: Caller,
        _ change: @escaping @Sendable (any WriteTransaction) throws -> Bool
    ) async throws {
        let (store, grant) = try await writing(caller, makesTenant: false)
        try grant.requireVisible(names)
        try await store.write(grant) { transaction in
            guard try transaction.evolving(id, grant: InternalGrant(.mergeOnWrite)) != nil,
                try transaction.mayEvolve(id, grant: grant)
            else { throw BrokerError.noEvolution(id) }
            guard try change(transaction) else {
                throw BrokerError(
                    .resourceNotFound,
                    "The temporal evolution of '\(id)' has no such attribute or instance."
                )
            }
        }
    }
}

extension HistoryRemoval {
    /// The attribute that the request names, if any.
    fileprivate var names: [IRI] {
        switch self {
        case .everything: []
        case .attribute(let name, _), .allInstances(let name), .instance(let name, _): [name]
        }
    }
}
