import ContextModel
import Governance
import Record
import Storage

extension Governing {
    private static let seenID = "seen"

    /// Puts into force the choices that the record has and the data has not, and returns how many there were;
    /// before anything is answered.
    ///
    /// Data that was put back from a backup is as old as that. What people chose since is in the record,
    /// and only they and the hub can read it there. Other changes of rights are not adopted: those who
    /// govern are told of them.
    @discardableResult
    package func adoptMissingChoices() async throws -> Int {
        let (size, recorder) = (access.recorder.size, access.recorder)
        var known: [TenantName?: Int] = [:]
        for tenant in [nil] + (await access.store.tenantNames) {
            known[tenant] = try await heededEntries(of: tenant)
        }
        var (adopted, passed) = (0, Set<String>())
        try await recorder.entries(of: .choice, from: known.values.min() ?? size) { entries in
            for (number, _) in entries {
                for opening in try await recorder.openings(of: number) {
                    let tenant = opening.tenant.flatMap { TenantName($0) }
                    guard let known = known[tenant], number >= known,
                        let missing = MissingChoice(opening)
                    else { continue }
                    // Data that has heeded entries of this record has nothing newer than what is missing.
                    let others = known == 0 ? passed : nil
                    if try await adopt(missing, in: tenant, unlessNewerBeside: others) {
                        adopted += 1
                    }
                    if known == 0 { passed.insert(missing.made.id) }
                }
            }
        }
        let mark = try await recorder.mark(after: size)
        for (tenant, number) in known where number < size {
            try await access.store.tenant(tenant)?.changeDocuments(reading: []) {
                $0.put(Self.document(of: mark, Self.seenID))
            }
        }
        return adopted
    }

    /// How many entries of this record the data of the tenant has heeded.
    ///
    /// What it has of changes that the record lost, put back from an older copy, it goes on having.
    private func heededEntries(of tenant: TenantName?) async throws -> Int {
        guard let store = try await access.store.tenant(tenant) else { return 0 }
        let recorder = access.recorder
        let changed = try await Self.mark(Self.markID, in: store)
        if changed.count > recorder.size {
            let end = try await recorder.mark(after: recorder.size)
            try await store.changeDocuments(reading: []) {
                $0.put(Self.document(of: end, Self.markID))
            }
        }
        let seen = try await recorder.heeded(by: Self.mark(Self.seenID, in: store))
        return max(seen, try await recorder.heeded(by: changed))
    }

    /// Puts the choice into force, unless the data has it.
    ///
    /// Where it is not known what of the record the data has heeded, a choice of the data that is not among
    /// `passed`, the receipts of earlier entries, stays if it is newer.
    private func adopt(
        _ missing: MissingChoice,
        in tenant: TenantName?,
        unlessNewerBeside passed: Set<String>?
    ) async throws -> Bool {
        let store = try await access.madeStore(tenant)
        let key = DocumentKey.document(.choices, id: missing.subject.uri)
        let (isNew, own) = try await store.changeFollowedDocuments(reading: [key]) { changes in
            let kept = try changes.document(.choices, id: missing.subject.uri)
            var choices = kept.flatMap { SubjectChoices($0) } ?? SubjectChoices(missing.subject)
            guard !choices.made.contains(where: { $0.id == missing.made.id }) else { return false }
            if let passed, let own = choices.made.first(where: missing.made.isAboutTheSame),
                own.at > missing.made.at, !passed.contains(own.id)
            {
                return false
            }
            choices.put(missing.made)
            changes.put(choices.document)
            return true
        }
        if isNew { try await tenants.catchUp(with: tenant, own: own) }
        return isNew
    }
}

/// A choice as the record has it.
private struct MissingChoice: Sendable {
    let subject: SubjectID
    let made: SubjectChoices.Made

    /// Nil where the opening is of no choice.
    init?(_ opening: Opening) {
        guard let kind = opening.details["choice"]?.stringValue.flatMap({ Choice.Kind(word: $0) }),
            let receipt = opening.details["receipt"]?.stringValue,
            let purpose = opening.purpose.map({ Purpose($0) }), purpose.isKnown
        else { return nil }
        subject = SubjectID(opening.subject)
        let recipient =
            opening.party == SubjectChoices.everybody.uri ? nil : PartyID(opening.party)
        made = SubjectChoices.Made(
            choice: Choice(kind, purpose, recipient: recipient),
            at: opening.time,
            id: receipt
        )
    }
}
