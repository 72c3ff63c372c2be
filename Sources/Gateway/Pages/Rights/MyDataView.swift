import Broker
import ContextModel
import Governance

/// What the page *My data* shows to a person.
struct MyData: Sendable {
    var holdings: SubjectHoldings
    /// As `Governing.accesses` gives them, one more than a page has.
    var accesses: [JSONObject]
    var uses: [DataUse]
    /// Receipts, as `Governing.choices` gives them.
    var choices: [JSONObject]

    /// Entities shown at most.
    static let entityLimit = 200
    /// Accesses of a page.
    static let accessLimit = 50
    /// Entities of one download.
    static let downloadLimit = 1_000
}

/// The page *My data*.
struct MyDataView {
    /// An entity that is about the person.
    struct Held {
        var type: String
        var entity: String
        var attributes: String
    }
    /// A part of all there is, to download.
    struct Download {
        var path: String
        var name: String
    }
    /// An entry of the record about the person.
    struct Access {
        var at: String
        /// nil, and so are those below, where the entry is no access.
        var who: String?
        var why: String?
        var rule: String?
        var what: String
        var proof: String
        var proofName: String
    }

    var shell: PageShell
    var t: [String: String]
    /// The person, in a sentence; nil when nobody is signed in as one.
    var you: String?
    /// What to say to somebody who is signed in as something else.
    var other: String?
    var query: String
    /// What was just done.
    var done: String?
    var heldCount = ""
    var shown: String?
    var held: [Held] = []
    var hasHeld = false
    var downloads: [Download] = []
    var accesses: [Access] = []
    var hasAccesses = false
    var older: String?
    var purposes: [PurposeView] = []
    var hasPurposes = false
}

/// A purpose on *My data*, with the recipients that one can choose for.
struct PurposeView {
    /// What may be chosen for a recipient.
    struct Recipient {
        var name: String
        var purpose: String
        /// nil for everybody.
        var recipient: String?
        var anchor: String
        var uses: [Use]
        var current: String
        var actions: [Action]
    }
    /// A use by a rule.
    struct Use {
        var text: String
        var now: String
        var isAllowed: Bool
    }
    /// A button.
    struct Action {
        var choice: String
        var label: String
        var describedBy: String
    }

    var label: String
    /// The language of the label.
    var language: String
    var term: String
    var recipients: [Recipient]
}

extension PageRenderer {
    /// How to sign in, for who is not signed in as a person.
    func myData(signedInAs party: String?) throws -> String {
        let t = voice.translation
        var view = MyDataView(shell: mineShell, t: t.words, query: voice.query)
        view.other = party.map { t("mineOther", ["party": $0]) }
        return try render(view, "my-data")
    }

    func myData(_ data: MyData, of person: SubjectID, done: String?) throws -> String {
        let t = voice.translation
        var view = MyDataView(shell: mineShell, t: t.words, query: voice.query)
        view.you = t("mineYou", ["person": person.uri])
        view.done = done
        put(data.holdings, of: person, into: &view)
        put(data.accesses, of: person, into: &view)
        view.purposes = purposes(data)
        view.hasPurposes = !view.purposes.isEmpty
        return try render(view, "my-data")
    }

    private var mineShell: PageShell {
        var shell = shell(voice.translation("mineTitle"), isTranslated: true)
        shell.isMine = true
        return shell
    }

    private func put(
        _ holdings: SubjectHoldings,
        of person: SubjectID,
        into view: inout MyDataView
    ) {
        let t = voice.translation
        view.heldCount = t("heldCount", ["count": Words.count(holdings.count)])
        view.held = holdings.entities.map { entity in
            MyDataView.Held(
                type: entity.types.map(\.compactName).joined(separator: ", "),
                entity: entity.id.uri,
                attributes: entity.attributes.map(\.name.compactName).joined(separator: ", ")
            )
        }.sorted { ($0.type, $0.entity) < ($1.type, $1.entity) }
        view.hasHeld = holdings.count > 0
        if view.held.count < holdings.count {
            view.shown = t("heldShown", ["count": Words.count(view.held.count)])
        }
        let path = "/governance/v1/subjects/\(TypeView.percentEncoded(person.uri))/data"
        let parts = max(1, (holdings.count + MyData.downloadLimit - 1) / MyData.downloadLimit)
        view.downloads = (0..<parts).map { part in
            MyDataView.Download(
                path: "\(path)?limit=\(MyData.downloadLimit)&offset=\(part * MyData.downloadLimit)",
                name: parts == 1
                    ? t("downloadAll") : t("downloadPart", ["number": "\(part + 1)"])
            )
        }
    }

    private func put(
        _ accesses: [JSONObject],
        of person: SubjectID,
        into view: inout MyDataView
    ) {
        let page = accesses.prefix(MyData.accessLimit)
        view.accesses = page.map { self.access($0, of: person) }
        view.hasAccesses = !page.isEmpty
        if accesses.count > page.count, let last = page.last?["entry"]?.numberValue?.literal {
            view.older = voice.query(["before": last])
        }
    }

    private func access(_ access: JSONObject, of person: SubjectID) -> MyDataView.Access {
        let t = voice.translation
        let number = access["entry"]?.numberValue?.literal ?? ""
        let party = t.party(access["party"]?.stringValue ?? "")
        let purpose = access["purpose"]?.stringValue.map { t.label(ofPurpose: $0) }
        let moment = access["time"]?.stringValue.flatMap { Timestamp($0) }
        var view = MyDataView.Access(
            at: moment.map { t.moment($0) } ?? "",
            why: purpose,
            what: "",
            proof: "/record/proofs/\(number)?subject=" + TypeView.percentEncoded(person.uri),
            proofName: t("accessProofOf", ["number": number])
        )
        if let choice = access["choice"]?.stringValue {
            view.what = t.choice(choice, access["party"]?.stringValue ?? "")
        } else {
            let names = ["entities", "attributes"].flatMap {
                (access[$0]?.arrayValue ?? []).compactMap(\.stringValue).map(\.compactName)
            }
            view.what = names.joined(separator: ", ")
            view.who = party
            view.why = purpose ?? t("noPurpose")
            view.rule = access["rule"]?.stringValue ?? t("noRule")
        }
        return view
    }

    // MARK: Choices

    private func purposes(_ data: MyData) -> [PurposeView] {
        let byPurpose = Dictionary(grouping: data.uses, by: \.purpose)
        return byPurpose.sorted { $0.key.text < $1.key.text }.enumerated().map { place, group in
            let (purpose, uses) = group
            let named = Set(uses.compactMap(\.recipient)).sorted { $0.text < $1.text }
            let recipients: [PartyID?] = named + [nil]
            return PurposeView(
                label: voice.translation.label(ofPurpose: purpose.text),
                language: voice.translation.language(ofPurpose: purpose.text),
                term: purpose.text,
                recipients: recipients.enumerated().map { row, recipient in
                    self.recipient(
                        recipient,
                        purpose,
                        uses.filter { $0.recipient == recipient },
                        data.choices,
                        anchor: "choice-\(place)-\(row)"
                    )
                }
            )
        }
    }

    private func recipient(
        _ recipient: PartyID?,
        _ purpose: Purpose,
        _ uses: [DataUse],
        _ choices: [JSONObject],
        anchor: String
    ) -> PurposeView.Recipient {
        let t = voice.translation
        let made = choices.last {
            $0["purpose"]?.stringValue == purpose.iri
                && $0["recipient"]?.stringValue == recipient?.uri
        }
        let word = made?["choice"]?.stringValue
        let event = made?["events"]?.arrayValue?.first?.objectValue?["eventTime"]?.stringValue
        let time = event.flatMap { Timestamp($0) }.map { t.moment($0) } ?? ""
        let current =
            switch word {
            case "object": t("currentObject", ["time": time])
            case "consent": t("currentConsent", ["time": time])
            case "withdraw": t("currentWithdraw", ["time": time])
            default: t("currentNone")
            }
        return PurposeView.Recipient(
            name: recipient?.text ?? t("recipientAll"),
            purpose: purpose.text,
            recipient: recipient?.uri,
            anchor: anchor,
            uses: uses.map { use(of: $0) },
            current: current,
            actions: Self.actions(after: word).map {
                PurposeView.Action(
                    choice: $0,
                    label: t(Self.labels[$0] ?? ""),
                    describedBy: "about-\($0)"
                )
            }
        )
    }

    /// What can be chosen after a choice.
    private static func actions(after word: String?) -> [String] {
        switch word {
        case "object": ["consent"]
        case "consent": ["withdraw"]
        case "withdraw": ["consent"]
        default: ["object", "consent"]
        }
    }

    private static let labels = [
        "object": "doObject", "consent": "doConsent", "withdraw": "doWithdraw",
    ]

    private func use(of use: DataUse) -> PurposeView.Use {
        let t = voice.translation
        let names = use.types.map(\.compactName).joined(separator: ", ")
        let what = ["what": use.types.isEmpty ? t("someEntities") : names]
        let text =
            switch use.basis {
            case .untilObjected: t("useUntilObjected", what)
            case .consent: t("useConsent", what)
            case .override: t("useOverride", what)
            }
        return PurposeView.Use(
            text: text,
            now: t(use.isAllowed ? "nowUsed" : "nowNotUsed"),
            isAllowed: use.isAllowed
        )
    }
}
