import ContextModel
package import Governance
import Record
import Storage

extension Governing {
    /// Erases the entities that are about a person, with their histories, also in snapshots of the tenant;
    /// returns how many entities there were.
    ///
    /// What the person has chosen stays, and so do the entries of the record, which name nobody. What was
    /// told to others before cannot be called back. Not part of the standard.
    package func eraseData(about subject: SubjectID, caller: Caller) async throws -> Int {
        let decision = try await access.policy(of: caller.tenant).decideErasure(
            of: subject,
            caller
        )
        guard case .grant(let grant) = decision else { throw BrokerError(decision) }
        guard caller.tenant?.snapshot == nil else {
            throw BrokerError(
                .badRequestData,
                "What is erased is erased in the tenant and its snapshots."
            )
        }
        let opening = Opening(
            subject: subject.uri,
            tenant: caller.tenant?.text,
            party: (caller.party.id ?? PartyID("anonymous")).uri,
            time: clock(),
            details: ["choice": "erasure"]
        )
        return try await access.recorder.change(.erasure, openings: [opening]) {
            let snapshots = self.snapshots.stores.filter {
                Optional($0).origin == caller.tenant
            }
            var count = 0
            for tenant in [caller.tenant] + snapshots {
                count += try await erase(grant, in: tenant)
            }
            return count
        }
    }

    /// Erases page by page: what is gone is not found again.
    private func erase(_ grant: ReadGrant, in tenant: TenantName?) async throws -> Int {
        let store = try await access.existingStore(tenant)
        var count = 0
        while true {
            let found = try await Self.found(grant, in: store)
            guard !found.isEmpty else { return count }
            count += found.count
            let session = writing.session(store, WriteGrant(erasing: grant), of: tenant)
            let results = try await session.changeEach(found, id: { $0 }, showingExpired: true) {
                (_, entity) in (entity.map { .deletion(of: $0) }, ())
            }
            if let failure = results.failure { throw failure }
            for id in found {
                var next: HistoryRemovalPosition?
                repeat {
                    next = try await session.removeHistory(.everything, of: id, from: next)?.next
                } while next != nil
            }
        }
    }

    private static let idsAtOnce = 1_000

    private static func found(
        _ grant: ReadGrant,
        in store: any TenantStore
    ) async throws -> [EntityID] {
        try await store.read(grant) { transaction in
            let entities = try transaction.entities(
                EntityQuery(condition: .everything, limit: idsAtOnce)
            ).entities.map(\.id)
            let evolutions = try transaction.evolutions(
                TemporalQuery(
                    condition: .everything,
                    timeProperty: .modifiedAt,
                    instanceLimit: 0,
                    limit: idsAtOnce
                )
            ).evolutions.map(\.id)
            return Array(Set(entities + evolutions))
        }
    }
}
