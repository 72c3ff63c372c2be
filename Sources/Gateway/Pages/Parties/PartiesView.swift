import Broker
import ContextModel
import Governance

/// What the page *Parties* shows.
struct PartiesContent: Sendable {
    var tokens: [PartyToken]
    var mayMakeTokens: Bool
    /// The token that was made, which is shown once.
    var token: String?
    var subscriptions: [OwnedSubscription]
    var subscriptionCount: Int
    /// As the interface tells of them, one more than are shown at most.
    var letters: [JSONObject]
    var now: Timestamp
    /// What was done.
    var done: String?
    /// The party that was asked about, and what it may read.
    var chosen: (party: String, reach: PartyReach)?

    /// Subscriptions and dead letters of a page at most.
    static let subscriptionLimit = 200
    static let letterLimit = 100
}

// The values for the page. Every text is plain; the template escapes it.

/// The page *Parties*.
struct PartiesView {
    struct PartyRow {
        var name: String
        var tokens: String
        /// Whether the reader may take its tokens back.
        var mayTakeBack: Bool
        var made: String
        var subscriptions: String
        var letters: String
        /// Leads to what it may read.
        var link: String
    }

    struct ReachRow {
        var type: String
        var readable: String
        var without: String
    }

    struct SubscriptionRow {
        var id: String
        var owner: String
        var about: String
        var endpoint: String
        var state: String
        var isWorry: Bool
        var sent: String
        var last: String
        var problem: String?
    }

    struct LetterRow {
        var id: String
        var subscription: String
        var owner: String
        var ago: String
        var at: String
        var reason: String
    }

    var shell: PageShell
    var t: [String: String]
    var query: String
    var done: String?
    var token: String?
    var mayMakeTokens: Bool
    var parties: [PartyRow]
    /// The language that the reader chose, which the form keeps.
    var language: String?
    var chosen: String
    var hasChosen: Bool
    var chosenRights: String
    var reach: [ReachRow]
    var hasReach: Bool
    var subscriptions: [SubscriptionRow]
    var hasSubscriptions: Bool
    var subscriptionNote: String?
    var letters: [LetterRow]
    var hasLetters: Bool
    var letterNote: String?
}

extension PageRenderer {
    func parties(_ content: PartiesContent) throws -> String {
        let t = voice.translation
        var shell = shell(t("partiesTitle"), isTranslated: true)
        shell.isParties = true
        let letters = content.letters.prefix(PartiesContent.letterLimit).map {
            letter($0, content.now)
        }
        let rows = content.chosen?.reach.types.map(reachRow) ?? []
        let view = PartiesView(
            shell: shell,
            t: t.words,
            query: voice.query,
            done: content.done,
            token: content.token,
            mayMakeTokens: content.mayMakeTokens,
            parties: partyRows(content),
            language: voice.isChosen ? voice.translation.language : nil,
            chosen: content.chosen?.party ?? "",
            hasChosen: content.chosen != nil,
            chosenRights: content.chosen.map { rights($0.reach) } ?? "",
            reach: rows,
            hasReach: !rows.isEmpty,
            subscriptions: content.subscriptions.map { subscription($0, content.now) },
            hasSubscriptions: !content.subscriptions.isEmpty,
            subscriptionNote: content.subscriptionCount > content.subscriptions.count
                ? t(
                    "shownFirst",
                    [
                        "shown": Words.count(content.subscriptions.count),
                        "count": Words.count(content.subscriptionCount),
                    ]
                ) : nil,
            letters: letters,
            hasLetters: !letters.isEmpty,
            letterNote: content.letters.count > letters.count
                ? t("lettersMore", ["shown": Words.count(letters.count)]) : nil
        )
        return try render(view, "parties")
    }

    /// Parties with tokens, those with subscriptions, and everybody.
    private func partyRows(_ content: PartiesContent) -> [PartiesView.PartyRow] {
        var names: [String] = []
        var seen: Set<String> = []
        let owners = content.subscriptions.map(\.owner.text)
        for name in ["anonymous"] + content.tokens.map(\.party.text).sorted() + owners.sorted()
        where seen.insert(name).inserted { names.append(name) }
        return names.map { name in
            let tokens = content.tokens.filter { $0.party.text == name }
            let letters = content.letters.filter { $0["owner"]?.stringValue == name }
            return PartiesView.PartyRow(
                name: name,
                tokens: tokens.isEmpty ? "–" : Words.count(tokens.count),
                mayTakeBack: content.mayMakeTokens && !tokens.isEmpty,
                made: tokens.compactMap(\.madeAt).max().map { String($0.text.prefix(10)) } ?? "",
                subscriptions: Words.count(owners.count { $0 == name }),
                letters: Words.count(letters.count),
                link: "/parties" + voice.query(["party": name])
            )
        }
    }

    private func rights(_ reach: PartyReach) -> String {
        let t = voice.translation
        var rights: [String] = []
        if reach.mayWrite { rights.append(t("partyWrites")) }
        if reach.mayAdminister { rights.append(t("partyAdministers")) }
        return rights.joined(separator: " ")
    }

    private func reachRow(_ reach: TypeReach) -> PartiesView.ReachRow {
        let t = voice.translation
        let readable: String =
            switch reach.readable {
            case nil: t("reachUnknown")
            case 0?: t("reachNone")
            case let count? where count >= reach.all:
                t("reachAll", ["count": Words.count(reach.all)])
            case let count?:
                t("reachPart", ["count": Words.count(count), "all": Words.count(reach.all)])
            }
        let hidden = reach.hidden.map { LDContext.core.compact($0) }
        let shaped = reach.shaped.map {
            t("reachShaped", ["name": LDContext.core.compact($0)])
        }
        return PartiesView.ReachRow(
            type: LDContext.core.compact(reach.type),
            readable: readable,
            without: reach.readable == 0 ? "" : (hidden + shaped).joined(separator: ", ")
        )
    }

    private func subscription(
        _ subscription: OwnedSubscription,
        _ now: Timestamp
    ) -> PartiesView.SubscriptionRow {
        let t = voice.translation
        let json = subscription.json
        let notification = json["notification"]?.objectValue
        let types =
            json["entities"]?.arrayValue?
            .compactMap { $0.objectValue?["type"]?.stringValue } ?? []
        let watched = json["watchedAttributes"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let query = json["q"]?.stringValue
        let about = (types.isEmpty ? watched : types) + [query].compactMap { $0 }
        let isFailing = notification?["status"]?.stringValue == "failed"
        let status = json["status"]?.stringValue ?? ""
        let state =
            switch (status, isFailing) {
            case ("paused", _): t("subscriptionPaused")
            case ("expired", _): t("subscriptionExpired")
            case (_, true): t("subscriptionFailing")
            default: t("subscriptionActive")
            }
        let failed = notification?["timesFailed"]?.numberValue?.intValue ?? 0
        let last = notification?["lastNotification"]?.stringValue.flatMap { Timestamp($0) }
        return PartiesView.SubscriptionRow(
            id: json["id"]?.stringValue ?? "",
            owner: subscription.owner.text,
            about: about.joined(separator: " · "),
            endpoint: notification?["endpoint"]?.objectValue?["uri"]?.stringValue ?? "",
            state: state,
            isWorry: isFailing,
            sent: t(
                "subscriptionSent",
                [
                    "sent": Words.count(
                        notification?["timesSent"]?.numberValue?.intValue ?? 0
                    ), "failed": Words.count(failed),
                ]
            ),
            last: last?.text ?? "",
            problem: isFailing ? notification?["lastFailureReason"]?.stringValue : nil
        )
    }

    private func letter(_ json: JSONObject, _ now: Timestamp) -> PartiesView.LetterRow {
        let at = json["abandonedAt"]?.stringValue ?? ""
        return PartiesView.LetterRow(
            id: json["id"]?.stringValue ?? "",
            subscription: json["subscriptionId"]?.stringValue ?? "",
            owner: json["owner"]?.stringValue ?? "",
            ago: Timestamp(at).map { voice.translation.ago($0, now: now) } ?? at,
            at: at,
            reason: json["reason"]?.stringValue ?? ""
        )
    }
}
