package import ContextModel
import Governance
import Record
import Storage

extension Governing {
    /// Puts into force what services of the city say of their data, where the operator has said nothing.
    ///
    /// The types of a classification that are not classified yet are added to it, and the policies whose
    /// identifiers nobody uses: one that the operator has deleted comes back at the next start, and one
    /// that it has changed stays so. Throws what is wrong with them, and what the store throws.
    package func adopt(classification: JSONObject, policies: [JSONObject]) async throws {
        let new = try ClassificationReader(context: .core).classification(classification)
        let store = try await access.madeStore(nil)
        try await tenants.require(nil)
        let kept = rules.rules(of: nil)?.classification ?? Classification()
        let types = kept.types.merging(new.types) { own, _ in own }
        if types.count > kept.types.count {
            let all = Classification(types, classes: kept.classes)
            let details: JSONObject = ["classification": .object(all.json(.core))]
            try await change(nil, .classification, details: details, reading: []) { changes, _ in
                changes.put(all.document)
            }
        }
        for policy in policies {
            let policy = try self.policy(.object(policy), .core, kept.classes)
            guard try await store.document(.dataPolicy, id: policy.id) == nil else { continue }
            try await change(nil, .policy, details: policy.details, reading: []) { changes, _ in
                changes.put(policy.document)
            }
        }
    }
}
