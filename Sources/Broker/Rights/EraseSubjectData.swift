import ContextModel
package import Governance
import Record
import Storage
import Synchronization

/// What an erasure has removed.
package struct Erasure: Sendable, Hashable {
    /// Entities, those of snapshots included.
    package var entities: Int
    /// What the record said of who read the person's data; nil where that was not to be removed.
    package var accesses: Int?
}

extension Governing {
    /// Erases the entities that are about a person, with their histories, also in snapshots of the tenant.
    ///
    /// By the record the person can see who read its data; that stays unless `accesses` asks for it to go,
    /// too, for a person that has its data erased may want to know even more who had them. What the person
    /// has chosen stays, and so do the entries of the record, which name nobody. What was told to others
    /// before cannot be called back. Not part of the standard.
    package func eraseData(
        about subject: SubjectID,
        accesses: Bool = false,
        caller: Caller
    ) async throws -> Erasure {
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
            try await eraseMessages(of: caller.tenant)
            var count = 0
            for tenant in [caller.tenant] + snapshots {
                let store = try await access.existingStore(tenant)
                let record = SessionRecord(access.recorder, of: caller)
                let found = ReadSession(store, finding, record)
                count += try await erase(
                    what: found,
                    by: writing.session(store, erasing, of: tenant)
                )
                try await eraseDeadLetters(found)
                try await store.removeTraces()
            }
            var erasure = Erasure(entities: count)
            if accesses {
                erasure.accesses = try await access.recorder.removeReads(
                    of: subject.uri,
                    tenant: caller.tenant?.text
                )
            }
            return erasure
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

    /// Erases notifications that were given up and tell of what is about the person.
    private func eraseDeadLetters(_ found: ReadSession) async throws {
        let letters = try await found.coveredDeadLetters()
        guard !letters.isEmpty else { return }
        try await found.documents.bookkeep { transaction in
            for id in letters { _ = try transaction.removeDocument(.deadLetter, id: id) }
        }
    }

    /// Erases messages of sources whose entities are about people: which of them are about this one
    /// is unknown where they did not become entities.
    private func eraseMessages(of tenant: TenantName?) async throws {
        let types = try await access.policy(of: tenant).classification?.personalTypes ?? []
        guard !types.isEmpty else { return }
        try await messageErasing.withLock(\.self)?(tenant, types)
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
