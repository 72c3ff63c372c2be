package import Broker
import Collect
import ContextModel
import Governance
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Adds the page *Sources*, for those who run the hub.
    package mutating func addSourcePages(
        _ hub: Hub,
        assets: PageAssets,
        settings: PageSettings
    ) throws {
        let pages = SourcePages(
            hub: hub,
            renderer: try PageRenderer(templates: assets.templates, settings: settings)
        )
        add(Self.page("/sources", "Show the sources")) { request, context in
            try await pages.show(request, context.caller)
        }
        var submission = Self.page("/sources", "Make, try, pause or remove a source")
        submission.method = .post
        submission.accepts = ["application/x-www-form-urlencoded"]
        add(submission) { request, context in
            try await pages.submit(request, context.caller)
        }
    }
}

/// Answers the requests of the page about sources.
private struct SourcePages {
    let hub: Hub
    let renderer: PageRenderer

    /// What was done, and what stands in the form then.
    private struct Outcome {
        var entries = SourceEntries()
        var done: String?
        var wrong: String?
        var trial: TrialView?
    }

    private static let maximumFormBytes = 4 * SourceDefinition.maximumBytes

    func show(_ request: Request, _ caller: Caller) async throws -> Response {
        try await page(request, caller, Outcome())
    }

    func submit(_ request: Request, _ caller: Caller) async throws -> Response {
        try await hub.access.require(.administer, caller)
        let body = try await request.bytes(limit: Self.maximumFormBytes)
        let fields = try QueryItems(urlQuery: String(buffer: body))
        var outcome = Outcome()
        do {
            let words = renderer.speaking(to: request, caller).voice.translation
            outcome = try await act(fields["action"] ?? "", SourceEntries(fields), words, caller)
        } catch let error as BrokerError {
            // The definition stays in the form, so that it can be mended.
            outcome.entries = SourceEntries(fields)
            outcome.wrong = error.detail
        }
        return try await page(request, caller, outcome)
    }

    private func act(
        _ action: String,
        _ entries: SourceEntries,
        _ words: Translation,
        _ caller: Caller
    ) async throws -> Outcome {
        guard let name = SourceName(entries.name) else {
            throw BrokerError(
                .badRequestData,
                "A source's name has lower-case letters, digits and '-', at most 64."
            )
        }
        var outcome = Outcome()
        let sourcing = hub.sourcing
        let named = ["name": name.text]
        switch action {
        case "pause", "resume":
            try await sourcing.setPaused(name, action == "pause", caller: caller)
            outcome.done = words(
                action == "pause" ? "sourcesDonePause" : "sourcesDoneResume",
                named
            )
        case "retry":
            let result = try await sourcing.retryRefused(of: name, caller: caller)
            outcome.done = words(
                "sourcesDoneRetry",
                ["stored": "\(result.stored)", "refused": "\(result.refused)"]
            )
        case "drop":
            let count = try await sourcing.dropRefused(of: name, caller: caller)
            outcome.done = words("sourcesDoneDrop", ["count": "\(count)"])
        case "delete":
            try await sourcing.delete(name, caller: caller)
            outcome.done = words("sourcesDoneDelete", named)
        case "put":
            _ = try await sourcing.put(name, entries.definition, caller: caller)
            outcome.done = words("sourcesDonePut", named)
        case "try":
            let message = ReceivedMessage(
                Array(entries.message.utf8),
                topic: entries.topic.isEmpty ? nil : entries.topic,
                receivedAt: hub.clock()
            )
            outcome.entries = entries
            outcome.trial = TrialView(
                try sourcing.tryOut(entries.definition, of: name, message, caller: caller),
                in: words
            )
        default: throw BrokerError(.badRequestData, "There is no action '\(action)'.")
        }
        return outcome
    }

    private func page(
        _ request: Request,
        _ caller: Caller,
        _ outcome: Outcome
    ) async throws -> Response {
        let renderer = renderer.speaking(to: request, caller)
        let words = renderer.voice.translation
        var views: [SourceView] = []
        for source in try hub.sourcing.sources(caller: caller) {
            let (figures, kept) = hub.sourcing.figures(of: source, for: caller)
            views.append(SourceView(source, figures, kept: kept, in: words, at: hub.clock()))
        }
        let title = words("sourcesTitle", ["city": renderer.settings.shownName])
        var shell = renderer.shell(title, isTranslated: true)
        shell.isSources = true
        let html = try renderer.render(
            SourcesView(
                shell: shell,
                t: words.words,
                sources: views,
                hasSources: !views.isEmpty,
                done: outcome.done,
                wrong: outcome.wrong,
                trial: outcome.trial,
                formName: outcome.entries.name,
                formDefinition: outcome.entries.definition,
                formMessage: outcome.entries.message,
                formTopic: outcome.entries.topic
            ),
            "sources"
        )
        var response = Response.page(html, renderer.settings)
        // The browser is to say that the forms are the hub's own.
        response.headers[.referrerPolicy] = "same-origin"
        return response
    }
}
