package import ContextModel

/// What became of the attributes of an update (clause 5.2.18).
package struct UpdateResult: Sendable, Equatable {
    /// Attributes changed or removed, in the order of the request.
    package var updated: [IRI]
    /// Attributes left as they were.
    package var notUpdated: [IRI]

    init(_ change: EntityChange) {
        var names: Set<IRI> = []
        updated = change.attributes.map(\.name).filter { names.insert($0).inserted }
        notUpdated = change.untouched.filter { !names.contains($0) }
    }
}

/// What became of the entities of a batch (clause 5.2.16).
package struct BatchResult: Sendable {
    /// Entities created, where the operation may create.
    package var created: [EntityID] = []
    /// Entities changed or deleted.
    package var changed: [EntityID] = []
    package var errors: [(id: EntityID?, error: BrokerError)] = []

    package init() {}
}
