package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Delete Attribute from Temporal Evolution of an Entity (clause 5.6.13): the instances with a
    /// `datasetId`, the default ones, or all.
    package func deleteAttributeFromEvolution(
        _ name: IRI,
        of id: EntityID,
        datasetID: String?,
        all: Bool,
        caller: Caller
    ) async throws {
        let what: HistoryRemoval =
            all ? .allInstances(name) : .attribute(name, datasetID: datasetID)
        try await removeHistory(what, of: id, naming: [name], caller: caller)
    }
}
