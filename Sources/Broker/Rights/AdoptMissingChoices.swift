import ContextModel
import Governance
import Record
import Storage

extension Governing {
    /// Puts into force the choices that the record has and the data has not; the tenants that have others now.
    ///
    /// Only their people and the hub can read them in the record.
    func adoptMissingChoices(
        _ heeded: [TenantName?: Heeded],
        without void: Set<Int>,
        _ adopted: inout Adopted
    ) async throws -> Set<TenantName?> {
        let recorder = access.recorder
        var (changed, passed) = (Set<TenantName?>(), Set<String>())
        let start = heeded.values.map(\.count).min() ?? recorder.size
        try await recorder.entries(of: [.choice], from: start) { entries in
            for (number, _) in entries where !void.contains(number) {
                for opening in try await recorder.openings(of: number) {
                    let tenant = opening.tenant.flatMap { TenantName($0) }
                    guard let known = heeded[tenant]?.count, number >= known,
                        let missing = MissingChoice(opening)
                    else { continue }
                    // Data that has heeded entries of this record has nothing newer than what is missing.
                    let others = known == 0 ? passed : nil
                    if try await adopt(missing, in: tenant, unlessNewerBeside: others) {
                        adopted.choices += 1
                        changed.insert(tenant)
                    }
                    if known == 0 { passed.insert(missing.made.id) }
                }
            }
        }
        return changed
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
        return try await store.changeFollowedDocuments(reading: [key]) { changes in
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
        }.answer
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
