package import ContextModel
import Storage

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

/// What became of one entity of a batch.
struct BatchOutcome: Sendable {
    var isNew: Bool
    /// What is told of it although it was written.
    var problem: BrokerError?
}

extension BatchResult {
    /// What became of each entity; of those not written any more, why.
    init(_ written: EachResult<BatchOutcome>) {
        for (id, result) in zip(written.ids, written.results) {
            switch result {
            case .success(let outcome):
                if let problem = outcome.problem {
                    errors.append((id, problem))
                } else if outcome.isNew {
                    created.append(id)
                } else {
                    changed.append(id)
                }
            case .failure(let error): errors.append((id, error))
            }
        }
        guard let failure = written.failure else { return }
        errors += written.rest.map { ($0, BrokerError(restOfRequest: failure)) }
    }
}

extension BrokerError {
    /// Why the rest of a request is not stored whose beginning is.
    init(restOfRequest error: StorageError) {
        switch error.code {
        case .diskFull:
            self.init(.storageFull, "The hub's disk is full: this was not stored.")
        case .overloaded, .closed:
            self.init(.overloaded, "Too many requests are waiting: this was not stored.")
        case .damaged, .locked, .failed, .tooManyTenants, .leaseLost, .tookTooLong, .tooManyResults,
            .entityTooLarge:
            self.init(
                .internalError,
                "The hub could not store this.",
                note: error.description
            )
        }
    }
}
