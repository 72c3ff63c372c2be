package import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
package import Record

extension RouteTable {
    /// Adds the pages *My data*, *Rules* and *Record*.
    ///
    /// The forms of *My data* change things in the name of a session, which `Authentication` lets the
    /// hub's own pages do alone.
    package mutating func addRightsPages(
        _ hub: Hub,
        _ publisher: RecordPublisher,
        assets: PageAssets,
        settings: PageSettings
    ) throws {
        let pages = RightsPages(
            hub: hub,
            publisher: publisher,
            renderer: try PageRenderer(templates: assets.templates, settings: settings)
        )
        let language = QueryParameter("lang", "The language: en, id, th, vi or fil")
        let before = QueryParameter(
            "before",
            "Only what the record says before this entry",
            kind: .integer
        )
        func page(_ path: String, _ summary: String, _ more: QueryParameter...) -> RouteDescription
        {
            var description = Self.page(path, summary)
            description.query = [language] + more
            return description
        }
        add(page("/my-data", "Show a person what is held about it", before)) { request, context in
            try await pages.myData(request, context.caller)
        }
        add(Self.submission("/my-data/choices", "Choose, as a person")) { request, context in
            try await pages.choose(request, context.caller)
        }
        add(Self.submission("/my-data/erasure", "Erase one's data, as a person")) {
            request,
            context in
            try await pages.erase(request, context.caller)
        }
        add(page("/rules", "Show the rules in plain sentences", before)) { request, context in
            try await pages.rules(request, context.caller)
        }
        add(page("/record", "Show the public record")) { request, context in
            try await pages.record(request, context.caller)
        }
        var check = page("/record", "Check a proof")
        check.method = .post
        check.accepts = ["multipart/form-data"]
        add(check) { request, context in
            try await pages.check(request, context.caller)
        }
    }
}

/// Answers the requests of the pages about rights.
private struct RightsPages {
    let hub: Hub
    let publisher: RecordPublisher
    let renderer: PageRenderer
    private var record: RecordWriter { publisher.record }

    // MARK: My data

    func myData(_ request: Request, _ caller: Caller) async throws -> Response {
        let renderer = renderer.speaking(to: request, caller)
        guard let person = caller.subject else {
            let party = caller.party == .anonymous ? nil : caller.party.text
            return page(try renderer.myData(signedInAs: party))
        }
        let items = try QueryItems(urlQuery: request.uri.query ?? "")
        let governing = hub.governing
        let data = MyData(
            holdings: try await governing.holdings(
                about: person,
                limit: MyData.entityLimit,
                caller: caller
            ).answer,
            accesses: try await governing.accesses(
                of: person,
                before: try items.number("before") ?? .max,
                limit: MyData.accessLimit + 1,
                caller: caller
            ).compactMap(\.objectValue),
            uses: try await governing.uses(ofDataAbout: person, caller: caller),
            choices: try await governing.choices(of: person, caller: caller)
                .compactMap(\.objectValue)
        )
        let t = renderer.voice.translation
        let done: String? =
            switch items["done"] {
            case "object": t("doneObject")
            case "consent": t("doneConsent")
            case "withdraw": t("doneWithdraw")
            case "erasure":
                t("eraseDone", ["count": Words.count(try items.number("count") ?? 0)])
            default: nil
            }
        return page(try renderer.myData(data, of: person, done: done))
    }

    func choose(_ request: Request, _ caller: Caller) async throws -> Response {
        let (person, fields) = try await readSubmission(request, caller)
        let choice = fields["choice"] ?? ""
        var body: JSONObject = [
            "subject": .string(person.uri), "choice": .string(choice),
            "purpose": .string(fields["purpose"] ?? ""),
        ]
        if let recipient = fields["recipient"], !recipient.isEmpty {
            body["recipient"] = .string(recipient)
        }
        _ = try await hub.governing.makeChoice(.object(body), caller: caller)
        return back(request, caller, ["done": choice])
    }

    func erase(_ request: Request, _ caller: Caller) async throws -> Response {
        let (person, fields) = try await readSubmission(request, caller)
        guard fields["confirm"] == "yes" else {
            throw BrokerError(.badRequestData, "Nothing was erased: it was not confirmed.")
        }
        let erasure = try await hub.governing.eraseData(
            about: person,
            accesses: fields["accesses"] == "yes",
            caller: caller
        )
        return back(request, caller, ["done": "erasure", "count": "\(erasure.entities)"])
    }

    /// Who sends the form, and its fields.
    private func readSubmission(
        _ request: Request,
        _ caller: Caller
    ) async throws -> (SubjectID, QueryItems) {
        guard let person = caller.subject else {
            throw BrokerError(
                caller.party == .anonymous ? .unauthenticated : .forbidden,
                "Only a person who is signed in can do this, and only for itself."
            )
        }
        let body = try await request.bytes(limit: Self.maximumFormBytes)
        return (person, try QueryItems(urlQuery: String(buffer: body)))
    }

    private static let maximumFormBytes = 8_192

    /// Leads to *My data*, which says what was done.
    private func back(
        _ request: Request,
        _ caller: Caller,
        _ parameters: KeyValuePairs<String, String>
    ) -> Response {
        let query = renderer.speaking(to: request, caller).voice.query(parameters)
        return Response(status: .seeOther, headers: [.location: "/my-data" + query])
    }

    // MARK: Rules and record

    func rules(_ request: Request, _ caller: Caller) async throws -> Response {
        let items = try QueryItems(urlQuery: request.uri.query ?? "")
        let tenant = caller.tenant.origin?.text
        let changes = try await changes(before: try items.number("before") ?? .max, of: tenant)
        let rules = Rules(
            classification: try await hub.governing.classification(ld: .core, caller: caller),
            policies: try await hub.governing.dataPolicies(caller: caller),
            common: try await hub.governing.keptRules(),
            exemptions: try await hub.governing.keptExemptions(),
            now: hub.clock(),
            changes: changes
        )
        return page(try renderer.speaking(to: request, caller).rules(rules))
    }

    /// The newest changes of the tenant's rules before an entry; it reads the record backwards until there
    /// are enough.
    private func changes(before: Int, of tenant: String?) async throws -> Rules.Changes {
        var changes = Rules.Changes(looked: 0, next: nil)
        var before = before
        while changes.entries.count < Rules.changeLimit, changes.looked < Rules.entryLimit {
            let some = try await entries(Rules.entriesAtOnce, before: before)
            guard let last = some.last else { return changes }
            changes.add(some, of: tenant)
            before = last.number
        }
        if before > 0 { changes.next = changes.next ?? before }
        return changes
    }

    func record(_ request: Request, _ caller: Caller) async throws -> Response {
        page(try renderer.speaking(to: request, caller).record(try await summary()))
    }

    /// Checks a proof by the key of the record alone: whose witnesses somebody trusts is not for the hub
    /// to say.
    func check(_ request: Request, _ caller: Caller) async throws -> Response {
        let body = try await request.bytes(limit: Self.maximumUploadBytes)
        let type = request.headers[.contentType] ?? ""
        var checked = CheckedProof.nothing
        if let text = try UploadedProof.text(in: body, contentType: type) {
            do throws(ProofError) {
                let verifier = ProofVerifier(keys: [record.key], quorum: 0)
                checked = .good(try verifier.verify(TransparencyProof(text)))
            } catch {
                checked = .wrong(error)
            }
        }
        return page(
            try renderer.speaking(to: request, caller).record(
                try await summary(),
                checked: checked
            )
        )
    }

    /// The largest proof, and what a form adds.
    private static let maximumUploadBytes = TransparencyProof.maximumBytes + 8_192

    private func summary() async throws -> RecordSummary {
        RecordSummary(
            size: record.size,
            key: record.key,
            state: record.state,
            checkpoint: publisher.checkpoint,
            witnesses: publisher.witnessStatuses,
            now: hub.clock(),
            entries: try await entries(RecordSummary.entryLimit)
        )
    }

    private func entries(
        _ limit: Int,
        before: Int = .max
    ) async throws -> [(number: Int, entry: RecordEntry)] {
        do { return try await record.newestEntries(limit, before: before) } catch let error
            as RecordError
        {
            throw BrokerError(error)
        } catch let error as ProofError {
            throw BrokerError(
                .recordUnavailable,
                "The public record cannot be read.",
                note: "\(error)"
            )
        }
    }

    private func page(_ html: String) -> Response {
        var response = Response.page(html, renderer.settings)
        // The browser is to say that the forms are the hub's own.
        response.headers[.referrerPolicy] = "same-origin"
        return response
    }
}
