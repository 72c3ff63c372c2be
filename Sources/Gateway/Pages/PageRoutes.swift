import Broker
import Governance
import HTTPTypes
import Hummingbird
package import Services

extension RouteTable {
    /// Adds the pages *Now*, *Data* and *Health*, those of the hub's services, and their files.
    package mutating func addPages(
        _ data: any PageData,
        assets: PageAssets,
        settings: PageSettings,
        services: [HostedService] = []
    ) throws {
        let renderer = try PageRenderer(
            templates: assets.templates,
            settings: settings,
            hasServices: !services.isEmpty
        )
        let landingPage = landingPage
        add(Self.page("/", "Show the city on a map, live")) { request, context in
            if let landingPage, request.asksForJSON {
                return try await landingPage(request, context)
            }
            let summary = try await data.summary(for: context.caller)
            let visit = PageVisit(request.head, context.caller, settings)
            let renderer = renderer.speaking(to: request, context.caller)
            return .page(try renderer.now(summary, for: visit, at: data.now), settings)
        }
        add(Self.page("/data", "Show what is collected")) { request, context in
            let summary = try await data.summary(for: context.caller)
            let visit = PageVisit(request.head, context.caller, settings)
            let renderer = renderer.speaking(to: request, context.caller)
            return .page(try renderer.data(summary, for: visit, at: data.now), settings)
        }
        add(Self.page("/hub", "Show how the hub is doing")) { request, context in
            let summary = try await data.summary(for: context.caller)
            let health = try await data.health(for: context.caller)
            let renderer = renderer.speaking(to: request, context.caller)
            return .page(try renderer.health(health, summary, at: data.now), settings)
        }
        addServicePages(services, renderer, settings)
        problemPage = { .page(try renderer.problem($0), settings, status: $0.status) }
        add(Self.asset) { request, context in
            let names = try ["folder", "name"].map { try context.parameters.require($0) }
            return try assets.response(to: request, for: names.joined(separator: "/"))
        }
    }

    static func page(_ path: String, _ summary: String) -> RouteDescription {
        RouteDescription(.get, path, .pages, summary, answers: "text/html")
    }

    private static let asset = RouteDescription(
        .get,
        "/assets/{folder}/{name}",
        .pages,
        "Serve a file that pages are made of",
        keepsAnswers: true
    )
}

extension Response {
    static func page(
        _ html: String,
        _ settings: PageSettings,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .cacheControl: "no-store",
                .contentSecurityPolicy: settings.contentSecurityPolicy,
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html))
        )
    }
}

extension Request {
    /// Whether a program asks for the page, and so for JSON: browsers name HTML in Accept, and
    /// OWSLib says `*/*`.
    fileprivate var asksForJSON: Bool {
        if uri.queryParameters["f"] == "json" { return true }
        return headers[.accept].map { !$0.contains("text/html") } ?? false
    }
}

extension PageVisit {
    init(_ request: HTTPRequest, _ caller: Caller, _ settings: PageSettings) {
        let (authority, place) = (request.authority ?? "", settings.place)
        address = request.address(publicURL: settings.publicURL, hasTLS: settings.hasTLS)
        isAnonymous = caller.party == .anonymous
        // A proxy is shown by one of these fields, or by the operator's `publicURL`.
        let isForwarded = Self.proxyFields.contains { request.headerFields[$0] != nil }
        isAtMachine =
            place?.isForThisMachine == true && !isForwarded
            && Loopback.isLoopback(authority: authority)
        port = Loopback.port(authority: authority)
    }

    private static let proxyFields = [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP",
    ].map(HTTPField.Name.known)
}

extension PageAssets {
    /// The file, or 304 when the reader has it already.
    func response(to request: Request, for path: String) throws -> Response {
        guard let file = files[path] else {
            throw BrokerError(.resourceNotFound, "There is no file \"\(path)\".")
        }
        var headers: HTTPFields = [.eTag: file.entityTag, .cacheControl: "no-cache"]
        if request.headers[.ifNoneMatch]?.contains(file.entityTag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.mediaType
        let body = ResponseBody(byteBuffer: file.bytes)
        return Response(status: .ok, headers: headers, body: body)
    }
}
