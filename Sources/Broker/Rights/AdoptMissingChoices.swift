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
            known[tenant] = try await knownEntries(of: tenant)
        }
        var adopted = 0
        try await recorder.entries(of: .choice, from: known.values.min() ?? size) { entries in
            for (number, _) in entries {
                for opening in try await recorder.openings(of: number) {
                    let tenant = opening.tenant.flatMap { TenantName($0) }
                    guard let known = known[tenant], number >= known,
                        let missing = MissingChoice(opening),
                        try await adopt(missing, in: tenant)
                    else { continue }
                    adopted += 1
                }
            }
        }
        for (tenant, number) in known where number < size { try await note(seen: size, in: tenant) }
        return adopted
    }

    /// How many entries the data of the tenant is known to have heeded.
    private func knownEntries(of tenant: TenantName?) async throws -> Int {
        guard let store = try await access.store.tenant(tenant) else { return 0 }
        func number(_ id: String) async throws -> Int? {
            try await store.document(.recordMark, id: id).flatMap {
                Int(String(decoding: $0.body, as: UTF8.self))
            }
        }
        let mark = try await number(Self.markID).map { $0 + 1 }
        return max(try await number(Self.seenID) ?? 0, mark ?? 0)
    }

    private func note(seen size: Int, in tenant: TenantName?) async throws {
        let seen = Document(kind: .recordMark, id: Self.seenID, body: Array("\(size)".utf8))
        try await access.store.tenant(tenant)?.changeDocuments(reading: []) { $0.put(seen) }
    }

    /// Puts the choice into force, unless the data has it.
    private func adopt(_ missing: MissingChoice, in tenant: TenantName?) async throws -> Bool {
        let store = try await access.madeStore(tenant)
        let key = DocumentKey.document(.choices, id: missing.subject.uri)
        let (isNew, own) = try await store.changeFollowedDocuments(reading: [key]) { changes in
            let kept = try changes.document(.choices, id: missing.subject.uri)
            var choices = kept.flatMap { SubjectChoices($0) } ?? SubjectChoices(missing.subject)
            guard !choices.made.contains(where: { $0.id == missing.made.id }) else { return false }
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
