package import ContextModel
package import Governance

extension Hub {
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
        try await change(id, caller, types: types) { target, now in
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
