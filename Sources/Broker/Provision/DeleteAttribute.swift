package import ContextModel
package import Governance

extension Writing {
    /// Delete Attribute (clause 5.6.5): the instance of a `datasetId`, the default one, or all.
    package func deleteAttribute(
        _ name: String,
        of id: EntityID,
        datasetID: String?,
        all: Bool,
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let iri = try BrokerError.reading { () throws(EntityError) in
            try reader(ld).attributeName(name)
        }
        if let datasetID, !URIText.isValid(datasetID) {
            throw BrokerError(.badRequestData, "The datasetId '\(datasetID)' is not a URI.")
        }
        do {
            try await deleteAttribute(iri, name, of: id, datasetID, all, types, caller)
        } catch let error as BrokerError where error.code == .resourceNotFound {
            guard types == .everything,
                try await endInEvolution(
                    iri,
                    of: id,
                    datasetID: datasetID,
                    all: all,
                    caller: caller
                )
            else { throw error }
        }
    }

    private func deleteAttribute(
        _ iri: IRI,
        _ name: String,
        of id: EntityID,
        _ datasetID: String?,
        _ all: Bool,
        _ types: Condition,
        _ caller: Caller
    ) async throws {
        try await change(id, caller, types: types, naming: [iri]) { target, now in
            let change = EntityChange.attributeDeletion(
                in: target,
                iri,
                datasetID: datasetID,
                all: all,
                at: now
            )
            guard let change else { throw BrokerError.unknown(name, of: id) }
            return (change, ())
        }
    }
}
