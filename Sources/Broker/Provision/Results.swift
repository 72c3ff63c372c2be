package import ContextModel
import Storage

/// The result of an update of attributes (clause 5.2.18).
package struct UpdateResult: Sendable, Equatable {
    /// The attributes changed or removed, in the order of the request.
    package var updated: [IRI]
    /// The attributes left as they were.
    package var notUpdated: [IRI]

    init(_ change: EntityChange) {
        var names: Set<IRI> = []
        updated = change.attributes.map(\.name).filter { names.insert($0).inserted }
        notUpdated = change.untouched.filter { !names.contains($0) }
    }
}

/// The result of a batch (clause 5.2.16).
package struct BatchResult: Sendable {
    /// The entities created, if the operation may create.
    package var created: [EntityID] = []
    /// The entities changed or deleted.
    package var changed: [EntityID] = []
    package var errors: [BatchError] = []

    package init() {}
}

/// The failure of an entity of a batch, or of a part of it (clause 5.2.17).
package struct BatchError: Sendable {
    /// nil for an element without one.
    package var id: EntityID?
    package var error: BrokerError
    /// The identifier of the registration of the source that failed; nil for the hub itself.
    package var registration: String?

    package init(_ id: EntityID?, _ error: BrokerError, registration: String? = nil) {
        self.id = id
        self.error = error
        self.registration = registration
    }
}

/// The outcome of one entity of a batch.
struct BatchOutcome: Sendable {
    var isNew: Bool
    /// A problem to report although the entity was written.
    var problem: BrokerError?
}

extension BatchResult {
    /// The outcomes of the entities; those that were not reached get the reason.
    init(_ written: EachResult<BatchOutcome>) {
        for (id, result) in zip(written.ids, written.results) {
            switch result {
            case .success(let outcome):
                if let problem = outcome.problem {
                    errors.append(BatchError(id, problem))
                } else if outcome.isNew {
                    created.append(id)
                } else {
                    changed.append(id)
                }
            case .failure(let error): errors.append(BatchError(id, error))
            }
        }
        guard let failure = written.failure else { return }
        errors += written.rest.map { BatchError($0, BrokerError(restOfRequest: failure)) }
    }
}

extension BrokerError {
    /// The error for the rest of a request whose beginning is stored.
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
