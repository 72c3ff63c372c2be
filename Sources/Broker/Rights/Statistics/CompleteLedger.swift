import ContextModel
import Governance
import Record
import Statistics
import Storage
import Synchronization

extension Governing {
    /// Adds to the ledger of a tenant what the record says was spent and the ledger does not have, once in a
    /// run of the hub and before the first answer.
    ///
    /// A database that was put back from a backup, or lost, brings an older ledger, whose budget would be
    /// full again. The record tells what it lacks. Where the ledger is of another record, or this one was put
    /// back from an older copy, all that it tells is added: some of it may count twice, until the period ends.
    func completeLedger(of tenant: TenantName?, _ store: any TenantStore) async throws {
        guard !completeLedgers.withLock({ $0.contains(tenant) }) else { return }
        let (recorder, budget) = (access.recorder, reading.limits.privacyBudget)
        let known = try await KeptLedger(in: store).known
        let start = try await recorder.heeded(by: known)
        let end = try await recorder.mark(after: recorder.size)
        var spendings: [Spending] = []
        try await recorder.entries(of: [.spending], from: start) { entries in
            spendings += entries.compactMap { Spending($0.entry, of: tenant) }
        }
        _ = try await store.changeFollowedDocuments(reading: [KeptLedger.key]) {
            [spendings] changes in
            var kept = try KeptLedger(&changes)
            // Somebody else has done it.
            guard kept.known == known else { return }
            for spending in spendings {
                kept.ledger.note(
                    spending.charge,
                    of: spending.party,
                    from: budget,
                    at: spending.moment
                )
            }
            kept.known = end
            changes.put(kept.document)
        }
        completeLedgers.withLock { _ = $0.insert(tenant) }
    }
}

/// What an entry of the record says was spent.
private struct Spending {
    let charge: PrivacyCharge
    let party: String
    let moment: Timestamp

    /// Nil for one of another tenant.
    init?(_ entry: RecordEntry, of tenant: TenantName?) {
        guard entry.details["tenant"]?.stringValue == tenant?.text,
            let charge = entry.details["charge"]?.numberValue?.intValue, charge >= 0,
            let party = entry.details["party"]?.stringValue
        else { return nil }
        self.charge = PrivacyCharge(trillionths: charge)
        self.party = party
        moment = entry.time
    }
}
