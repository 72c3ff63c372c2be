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
        let (finding, erasing): (ReadGrant, WriteGrant)
        switch decision {
        case .grant(let read, let write): (finding, erasing) = (read, write)
        case .deny(let reason): throw BrokerError(reason)
        }
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
        return try await access.recorder.change(.erasure, openings: [opening]) { _ in
            let snapshots = self.snapshots.stores.filter {
                Optional($0).origin == caller.tenant
            }
            var count = 0
            for tenant in [caller.tenant] + snapshots {
                let store = try await access.existingStore(tenant)
                let record = SessionRecord(access.recorder, of: caller)
                count += try await erase(
                    what: ReadSession(store, finding, record),
                    by: writing.session(store, erasing, of: tenant)
                )
            }
            return count
        }
    }

    /// Erases page by page: what is gone is not found again.
    private func erase(what found: ReadSession, by session: WriteSession) async throws -> Int {
        var count = 0
        while true {
            let ids = try await found.read(Self.page)
            guard !ids.isEmpty else { return count }
            count += ids.count
            let results = try await session.changeEach(ids, id: { $0 }, showingExpired: true) {
                (_, entity) in (entity.map { .deletion(of: $0) }, ())
            }
            if let failure = results.failure { throw failure }
            for id in ids {
                var next: HistoryRemovalPosition?
                repeat {
                    next = try await session.removeHistory(.everything, of: id, from: next)?.next
                } while next != nil
            }
        }
    }

    private static let idsAtOnce = 1_000

    @Sendable private static func page(_ transaction: any ReadTransaction) throws -> [EntityID] {
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
