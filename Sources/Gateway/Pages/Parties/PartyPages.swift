package import Broker
package import ContextModel
package import Governance
import HTTPTypes
import Hummingbird

/// A token of a party, of which only a hash is stored.
package struct PartyToken: Sendable, Equatable {
    package var party: Party
    package var madeAt: Timestamp?

    package init(party: Party, madeAt: Timestamp?) {
        self.party = party
        self.madeAt = madeAt
    }
}

/// Where the tokens of parties are kept.
package protocol PartyTokenStore: Sendable {
    /// The tokens that are kept now.
    func all() throws -> [PartyToken]
    /// Makes a token for the party, and returns its text; throws `badRequestData` for a name that no party can have.
    func add(party: String) throws -> String
    /// Removes the tokens of the party; returns how many.
    func remove(party: String) throws -> Int
}

extension RouteTable {
    /// Adds the page *Parties*, for those who run the hub.
    package mutating func addPartyPages(
        _ hub: Hub,
        assets: PageAssets,
        settings: PageSettings,
        tokens: any PartyTokenStore
    ) throws {
        let pages = PartyPages(
            hub: hub,
            renderer: try PageRenderer(templates: assets.templates, settings: settings),
            tokens: tokens
        )
        var show = Self.page("/parties", "Show parties, what one may read, and subscriptions")
        show.query = [
            QueryParameter("lang", "The language: en, id, th, vi or fil"),
            QueryParameter("party", "The party whose rights are shown"),
        ]
        add(show) { request, context in try await pages.show(request, context.caller) }
        var submission = Self.page(
            "/parties",
            "Make a party's token or take it back, send dead letters again, or remove them"
        )
        submission.method = .post
        submission.accepts = ["application/x-www-form-urlencoded"]
        add(submission) { request, context in try await pages.submit(request, context.caller) }
    }
}

/// Answers the requests of the page about parties.
private struct PartyPages {
    let hub: Hub
    let renderer: PageRenderer
    let tokens: any PartyTokenStore

    private static let maximumFormBytes = 16 << 10

    func show(_ request: Request, _ caller: Caller) async throws -> Response {
        let items = try QueryItems(urlQuery: request.uri.query ?? "")
        return try await page(request, caller, party: items["party"], done: nil)
    }

    func submit(_ request: Request, _ caller: Caller) async throws -> Response {
        try await hub.access.require(.administer, caller)
        let body = try await request.bytes(limit: Self.maximumFormBytes)
        let fields = try QueryItems(urlQuery: String(buffer: body))
        let t = renderer.speaking(to: request, caller).voice.translation
        var choice = DeadLetterChoice()
        if let id = fields["id"], !id.isEmpty { choice.id = id }
        let done: String
        var token: String?
        switch fields["action"] {
        case "replay":
            let count = try await hub.subscribing.replayDeadLetters(choice, caller: caller)
            done = t("lettersReplayed", ["count": Words.count(count)])
        case "drop":
            let count = try await hub.subscribing.dropDeadLetters(choice, caller: caller)
            done = t("lettersDropped", ["count": Words.count(count)])
        case "token":
            try requireOperator(caller)
            let party = fields["party"] ?? ""
            token = try tokens.add(party: party)
            done = t("tokenMade", ["party": party])
        case "take-back":
            try requireOperator(caller)
            let party = fields["party"] ?? ""
            let count = try tokens.remove(party: party)
            done = t("tokensTakenBack", ["party": party, "count": Words.count(count)])
        case let action:
            throw BrokerError(.badRequestData, "There is no action '\(action ?? "")'.")
        }
        return try await page(request, caller, party: nil, done: done, token: token)
    }

    /// Who has a party's token reads with its rights, so that whoever may change rules is not enough: only who has the
    /// hub's machine makes tokens.
    private func requireOperator(_ caller: Caller) throws(BrokerError) {
        guard caller.party == .operator else {
            throw BrokerError(.forbidden, "Only the operator makes tokens and takes them back.")
        }
    }

    private func page(
        _ request: Request,
        _ caller: Caller,
        party: String?,
        done: String?,
        token: String? = nil
    ) async throws -> Response {
        try await hub.access.require(.administer, caller)
        let renderer = renderer.speaking(to: request, caller)
        let (subscriptions, count) = try await subscriptions(caller)
        var content = PartiesContent(
            tokens: try tokens.all(),
            mayMakeTokens: caller.party == .operator,
            token: token,
            subscriptions: subscriptions,
            subscriptionCount: count,
            letters: try await letters(caller),
            now: hub.clock(),
            done: done
        )
        if let party, !party.isEmpty {
            let other = Caller(party: Party(name: party), tenant: caller.tenant)
            let reach = try await hub.reading.reach(
                of: other,
                types: HubPageData.typeLimit,
                caller: caller
            )
            content.chosen = (party, reach)
        }
        var response = Response.page(try renderer.parties(content), renderer.settings)
        // The browser is to say that the forms are the hub's own.
        response.headers[.referrerPolicy] = "same-origin"
        return response
    }

    /// A tenant that has no store yet has none.
    private func subscriptions(
        _ caller: Caller
    ) async throws -> (subscriptions: [OwnedSubscription], count: Int) {
        do {
            return try await hub.subscribing.ownedSubscriptions(
                limit: PartiesContent.subscriptionLimit,
                caller: caller
            )
        } catch let error as BrokerError where error.code == .nonexistentTenant {
            return ([], 0)
        }
    }

    private func letters(_ caller: Caller) async throws -> [JSONObject] {
        do {
            return try await hub.subscribing.deadLetters(
                limit: PartiesContent.letterLimit + 1,
                caller: caller
            ).summaries.compactMap(\.objectValue)
        } catch let error as BrokerError where error.code == .nonexistentTenant {
            return []
        }
    }
}

extension Party {
    /// The party that pages and lists call so.
    fileprivate init(name: String) {
        let service =
            name.hasPrefix(Party.servicePrefix)
            ? ServiceName(String(name.dropFirst(Party.servicePrefix.count))) : nil
        switch (name, service) {
        case (_, let service?): self = .service(service)
        case ("anonymous", nil): self = .anonymous
        case ("operator", nil): self = .operator
        default: self = .named(PartyID(name))
        }
    }
}
