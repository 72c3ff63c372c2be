import Broker
import ContextModel
import Record

/// What the page *Record* shows.
struct RecordSummary: Sendable {
    var size: Int
    var key: NoteKey
    var state: RecordState
    /// The newest that was published.
    var checkpoint: SignedCheckpoint?
    /// The witnesses that are asked to sign.
    var witnesses: [WitnessStatus]
    var now: Timestamp
    /// The newest entries with their numbers, the newest first.
    var entries: [(number: Int, entry: RecordEntry)]

    /// Entries shown at most.
    static let entryLimit = 30
}

/// What somebody wanted to have checked.
enum CheckedProof: Sendable {
    case good(VerifiedProof)
    case wrong(ProofError)
    case nothing
}

/// An entry of the record in words.
struct EntryView {
    var number: String
    var at: String
    var text: String
    var proof: String
    var proofName: String
}

/// The page *Record*.
struct RecordView {
    var shell: PageShell
    var t: [String: String]
    var query: String
    var damaged: String?
    var size: String
    var key: String
    /// nil before the first.
    var checkpoint: String?
    /// How it stands with each witness, in words.
    var witnesses: [String]
    var hasWitnesses: Bool
    var entries: [EntryView]
    var hasEntries: Bool
    /// What was found of a proof; nil when there was none to check.
    var result: CheckedView?
}

/// What was found of a proof.
struct CheckedView {
    var isGood: Bool
    var text: String
    var details: [String]
}

extension PageRenderer {
    func record(_ record: RecordSummary, checked: CheckedProof? = nil) throws -> String {
        let t = voice.translation
        var shell = shell(t("recordTitle"), isTranslated: true)
        shell.isRecord = true
        let content = RecordView(
            shell: shell,
            t: t.words,
            query: voice.query,
            damaged: record.state == .sound ? nil : t("recordDamaged"),
            size: Words.count(record.size),
            key: record.key.description,
            checkpoint: record.checkpoint?.text,
            witnesses: record.witnesses.map { words(for: $0, at: record.now) },
            hasWitnesses: !record.witnesses.isEmpty,
            entries: record.entries.map { self.view(of: $0.entry, $0.number) },
            hasEntries: !record.entries.isEmpty,
            result: checked.map { self.view(of: $0) }
        )
        return try render(content, "record")
    }

    /// What a witness has signed, and how long ago.
    private func words(for witness: WitnessStatus, at now: Timestamp) -> String {
        let t = voice.translation
        var values = ["name": witness.key.name]
        var text = t("witnessNever", values)
        if let size = witness.size, let moment = witness.signedAt {
            let age = max(0, now.microseconds - moment.microseconds) / 1_000_000
            values["size"] = Words.count(size)
            values["time"] = t.moment(moment)
            values["seconds"] = Words.count(Int(age))
            text = t("witnessSigned", values)
        }
        return witness.failure == nil ? text : text + " " + t("witnessFails")
    }

    private func view(of checked: CheckedProof) -> CheckedView {
        let t = voice.translation
        switch checked {
        case .nothing: return CheckedView(isGood: false, text: t("verifyNothing"), details: [])
        case .wrong(let error):
            let key =
                switch error.code {
                case .unknownRecord: "verifyUnknown"
                case .wrongSignature, .tooFewWitnesses: "verifySignature"
                case .notInTree, .forked, .olderState, .backDated: "verifyTree"
                case .notInEntry: "verifyEntry"
                case .malformed: "verifyMalformed"
                }
            return CheckedView(isGood: false, text: t(key), details: [])
        case .good(let proof):
            var details = [words(for: proof.entry)]
            if let opening = proof.opening {
                let names = ["person": opening.subject, "party": opening.party]
                details.append(t("verifyGoodPerson", names))
            }
            let names = proof.checkpointSigners
            if !names.isEmpty {
                details.append(t("verifyWitnesses", ["names": names.joined(separator: ", ")]))
            }
            let values = ["number": "\(proof.index)", "time": t.moment(proof.entry.time)]
            return CheckedView(isGood: true, text: t("verifyGood", values), details: details)
        }
    }

    func view(of entry: RecordEntry, _ number: Int) -> EntryView {
        let t = voice.translation
        return EntryView(
            number: "\(number)",
            at: t.moment(entry.time),
            text: words(for: entry),
            proof: "/record/proofs/\(number)",
            proofName: t("accessProofOf", ["number": "\(number)"])
        )
    }

    private func words(for entry: RecordEntry) -> String {
        let t = voice.translation
        let removed = entry.details["removed"]?.stringValue
        let put = entry.details["policy"]?.objectValue
        let source = entry.details["source"]?.stringValue
        let written = (put?["uid"] ?? put?["@id"])?.stringValue ?? source
        let name = ["name": removed ?? written ?? ""]
        let isCommon = entry.details["from"] != nil
        let void = entry.details["void"]?.numberValue?.intValue
        let text =
            switch entry.kind {
            case _ where void != nil: t("entryVoid", ["entry": "\(void ?? 0)"])
            case .policy where isCommon: t("entryPolicy", ["name": t("commonRules")])
            case .read: t("entryRead", ["count": Words.count(entry.people?.count ?? 0)])
            case .policy where removed != nil: t("entryPolicyRemoved", name)
            case .policy: t("entryPolicy", name)
            case .override: t("entryOverride", name)
            case .classification: t("entryClassification")
            case .choice: t("entryChoice")
            case .erasure: t("entryErasure")
            case .spending: t("entrySpending")
            case .exemption where entry.details["ended"] != nil:
                t("entryExemptionEnded", ["name": entry.details["id"]?.stringValue ?? ""])
            case .exemption:
                t("entryExemption", ["name": entry.details["id"]?.stringValue ?? ""])
            default: t("entryOther", ["kind": entry.kind.name])
            }
        guard let tenant = entry.details["tenant"]?.stringValue else { return text }
        return text + " " + t("entryTenant", ["tenant": tenant])
    }
}

extension VerifiedProof {
    fileprivate var checkpointSigners: [String] { witnesses.map(\.name) }
}
