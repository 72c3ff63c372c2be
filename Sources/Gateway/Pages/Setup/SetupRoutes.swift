package import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Adds the page of the first run: four steps for the operator, each also a command.
    package mutating func addSetupPage(
        _ hub: Hub,
        _ settings: NGSILDSettings,
        _ city: KeptCity,
        assets: PageAssets,
        pages: PageSettings
    ) throws {
        let setup = SetupPage(
            hub: hub,
            settings: settings,
            city: city,
            renderer: try PageRenderer(templates: assets.templates, settings: pages)
        )
        var page = Self.page("/setup", "Lead the operator through the first run")
        page.query = [
            QueryParameter("lang", "The language: en, id, th, vi or fil"),
            QueryParameter("done", "The step that was just done"),
        ]
        add(page) { request, context in try await setup.show(request, context.caller) }
        add(Self.submission("/setup/city", "Send the form about the city")) { request, context in
            try await setup.putCity(request, context.caller)
        }
        add(Self.submission("/setup/rules", "Say what anyone may see")) { request, context in
            try await setup.putRules(request, context.caller)
        }
    }
}

/// Answers the requests of the page of the first run.
private struct SetupPage {
    let hub: Hub
    let settings: NGSILDSettings
    let city: KeptCity
    let renderer: PageRenderer

    private static let maximumFormBytes = 8_192

    func show(
        _ request: Request,
        _ caller: Caller,
        problem: String? = nil,
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let renderer = renderer.speaking(to: request, caller)
        guard hub.access.policy.permitsAdministration(caller) else {
            return page(try renderer.setup(nil), status: status)
        }
        let types = try await hub.reading.typeNames(caller: caller).information
        let kept = try await hub.governing.keptRules()
        let reach = SetupState.Reach(kept?.rules.source["public"])
        let state = SetupState(
            city: city.current,
            public: reach,
            rules: reach.rules(kept),
            types: types.map { LDContext.core.compact($0) }.sorted(),
            sources: try hub.sourcing.sources(caller: caller).map(\.key.name.text).sorted(),
            done: request.uri.queryParameters["done"].map(String.init),
            problem: problem
        )
        let base = request.head.address(
            publicURL: settings.publicURL,
            hasTLS: settings.hasTLS
        )
        return page(try renderer.setup(state, base: base), status: status)
    }

    func putCity(_ request: Request, _ caller: Caller) async throws -> Response {
        let fields = try await fields(of: request, caller)
        var members: JSONObject = [:]
        for name in ["name", "license", "contact"] {
            members[name] = fields[name].flatMap { $0.isEmpty ? nil : .string($0) }
        }
        for name in ["latitude", "longitude"] {
            members[name] = fields[name].flatMap { JSONNumber($0) }.map { .number($0) }
        }
        return try await trying(request, caller, step: "city") {
            let profile = try CityProfile(.object(members))
            try await city.keep(profile, hub, caller: caller)
        }
    }

    /// Changes what is public of the kept rules, and leaves everything else in them as it is.
    func putRules(_ request: Request, _ caller: Caller) async throws -> Response {
        let fields = try await fields(of: request, caller)
        return try await trying(request, caller, step: "rules") {
            let reach = try SetupState.Reach(form: fields)
            let rules = reach.rules(try await hub.governing.keptRules())
            try await hub.governing.putCommonRules(.object(rules), ld: .core, caller: caller)
        }
    }

    /// Leads back to the page, or shows on it what was wrong with the form.
    private func trying(
        _ request: Request,
        _ caller: Caller,
        step: String,
        _ body: () async throws -> Void
    ) async throws -> Response {
        do {
            try await body()
        } catch let error as BrokerError where error.code == .badRequestData {
            return try await show(request, caller, problem: error.detail, status: .badRequest)
        }
        let query = renderer.speaking(to: request, caller).voice.query(["done": step])
        return Response(status: .seeOther, headers: [.location: "/setup\(query)#\(step)"])
    }

    private func fields(of request: Request, _ caller: Caller) async throws -> QueryItems {
        try await hub.access.require(.administer, caller)
        let body = try await request.bytes(limit: Self.maximumFormBytes)
        return try QueryItems(urlQuery: String(buffer: body))
    }

    private func page(_ html: String, status: HTTPResponse.Status) -> Response {
        var response = Response.page(html, renderer.settings, status: status)
        // The browser is to say that the forms are the hub's own.
        response.headers[.referrerPolicy] = "same-origin"
        return response
    }
}
