import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1

/// The common parts of all endpoints: identity, errors and metrics.
struct Frame: Sendable {
    let authentication: Authentication
    let problems: ProblemReporter
    var problemPage: (@Sendable (ProblemDetails) throws -> Response)?
    let denials = DenialLog()
    let answers = BodyMemory(bytes: maximumAnswerBytes)
    let registry: MetricRegistry
    var crossOrigin = CrossOrigin()
    let compression = Compression()

    /// The bytes of long answers in progress, shared out among the parties.
    static let maximumAnswerBytes = 256 << 20

    func endpoint(
        for description: RouteDescription,
        _ handler: @escaping RouteHandler
    ) -> Endpoint {
        Endpoint(
            frame: self,
            isPage: description.section == .pages,
            keepsAnswers: description.keepsAnswers,
            identifiesItself: description.identifiesItself,
            goesOn: description.answers == EventText.mediaType,
            metrics: RouteMetrics(
                method: description.method.rawValue,
                route: description.path,
                registry: registry
            ),
            handler: handler
        )
    }

    /// The endpoint that answers OPTIONS for a path.
    func options(path: String, allow: String) -> Endpoint {
        plain(method: "OPTIONS", route: path) { _, _ in
            Response(status: .noContent, headers: [.allow: allow])
        }
    }

    /// The endpoint that refuses a method that a path does not have.
    func methodNotAllowed(path: String, method: HTTPRequest.Method, allow: String) -> Endpoint {
        plain(method: "other", route: path) { request, _ in
            // `PATCH /entities/` lacks the identifier of its entity, and `DELETE` might mean all
            // of them. For other resources it is simply a wrong method (clause 6.3.2).
            if request.uri.path.hasSuffix("/"), path.hasPrefix("/ngsi-ld/v1/entities"),
                method == .patch || method == .put
            {
                throw BrokerError.emptySegment
            }
            let error = BrokerError(
                .methodNotAllowed,
                "\(method.rawValue) is not allowed here; allowed: \(allow)."
            )
            var response = try answer(to: request, ProblemDetails(error))
            response.headers[.allow] = allow
            return response
        }
    }

    /// The endpoint for every path without a route.
    var unknownPath: Endpoint {
        plain(method: "other", route: "unknown") { request, _ in
            throw BrokerError(
                .resourceNotFound,
                "There is nothing at \"\(request.uri.path)\"; /openapi.json lists every route."
            )
        }
    }

    /// The problem as JSON, or as a page for a browser.
    fileprivate func answer(
        to request: Request,
        _ problem: ProblemDetails
    ) throws -> Response {
        if request.uri.path.hasPrefix(Taxii.base) { return problem.taxiiResponse }
        let plain = problem.response
        guard let problemPage, request.isFromBrowser else { return plain }
        var page = try problemPage(problem)
        for name in [.wwwAuthenticate, .retryAfter] as [HTTPField.Name] {
            page.headers[name] = plain.headers[name]
        }
        page.headers.addPageProtection()
        return page
    }

    private func plain(
        method: String,
        route: String,
        _ handler: @escaping RouteHandler
    ) -> Endpoint {
        Endpoint(
            frame: self,
            isPage: false,
            keepsAnswers: false,
            identifiesItself: false,
            goesOn: false,
            metrics: RouteMetrics(method: method, route: route, registry: registry),
            handler: handler
        )
    }
}

/// The wrapper around each handler, as thin as possible because every request runs through it.
struct Endpoint: HTTPResponder {
    typealias Context = GatewayContext

    let frame: Frame
    let isPage: Bool
    /// Whether its answers are in memory anyway, and do not count as long answers.
    let keepsAnswers: Bool
    /// Whether the handler finds out who asks.
    let identifiesItself: Bool
    /// Whether its answers have no end, so that the caller's token may end before them.
    let goesOn: Bool
    let metrics: RouteMetrics
    let handler: RouteHandler

    func respond(to request: Request, context: GatewayContext) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        var (request, context) = (request, context)
        var certificate: PeerCertificate?
        context.denials = frame.denials
        context.answers = frame.answers
        do {
            guard !request.hasLongRunOfMarks else {
                throw BrokerError(.badRequestData, "In the request \(CombiningMarks.problem).")
            }
            guard !request.uri.path.hasEmptySegment else { throw BrokerError.emptySegment }
            if identifiesItself {
                context.caller = try frame.authentication.stranger(of: request.head)
            } else {
                if frame.authentication.takesCertificates {
                    certificate = try await context.certificate()
                }
                context.caller = try await frame.authentication.caller(
                    of: request.head,
                    certificate
                )
            }
            if context.caller.isHub { request = try await HubRequests.checked(request) }
            if context.caller.party == .anonymous { context.caller.address = context.address }
            if goesOn {
                context.isStillCaller = check(of: context.caller, request.head, certificate)
            }
            await context.executor?.serve(context.caller.sharer)
            response = try await handler(request, context)
            // What a session shows is kept by nobody on the way.
            if request.headers.contains(.cookie), response.headers[.cacheControl] == nil {
                response.headers[.cacheControl] = "private"
            }
            if !keepsAnswers {
                response.body = try frame.answers.bounded(
                    response.body,
                    for: context.caller.sharer,
                    on: context.loop,
                    isDone: request.method != .get && response.status != .ok
                )
            }
        } catch let error as HTTPParserError {
            throw error  // The server closes the connection: what follows cannot be understood.
        } catch {
            response = try frame.answer(to: request, frame.problems.problem(for: error, context))
            if let error = error as? BrokerError {
                frame.denials.note(error.code, request.head, context)
                // The client may come back with another certificate.
                if certificate != nil, error.code == .unauthenticated {
                    response.headers[.connection] = "close"
                }
            }
            // The standard has plain JSON; a client that accepts RFC 9457's media type gets that.
            if response.headers[.contentType] == "application/json",
                request.headers[.accept]?.contains("application/problem+json") == true
            {
                response.headers[.contentType] = "application/problem+json"
            }
            // An error names its tenant as any answer does (clause 6.3.14).
            if let tenant = request.headers[.ngsildTenant], TenantName(tenant) != nil {
                response.headers[.ngsildTenant] = tenant
            }
        }
        complete(&response, for: request, context.caller)
        metrics.record(status: response.status.code, duration: start.duration(to: .now))
        if context.logsRequests { note(request, response, context) }
        return response
    }

    /// Adds what all answers have, problems too.
    private func complete(_ response: inout Response, for request: Request, _ caller: Caller) {
        if isPage { response.headers.addPageProtection() }
        frame.crossOrigin.permit(request, &response)
        if caller.party == .anonymous, !identifiesItself {
            frame.compression.compress(&response, for: request)
        }
    }

    /// Finds out who asks once more, as for a new request.
    private func check(
        of caller: Caller,
        _ head: HTTPRequest,
        _ certificate: PeerCertificate?
    ) -> @Sendable () async -> Bool {
        { [authentication = frame.authentication] in
            do {
                var now = try await authentication.caller(of: head, certificate)
                now.address = caller.address
                return now == caller
            } catch {
                // Whatever the reason, this request would be refused now.
                return false
            }
        }
    }

    private func note(_ request: Request, _ response: Response, _ context: GatewayContext) {
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)",
            ]
        )
    }
}

extension HTTPFields {
    /// Adds headers that allow a page only the hub's own scripts, forbid foreign frames and send
    /// no referrer.
    ///
    /// A page that needs more (map tiles) has set its own policy already.
    mutating func addPageProtection() {
        if self[.contentSecurityPolicy] == nil {
            self[.contentSecurityPolicy] =
                "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
                + "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        }
        self[.xContentTypeOptions] = "nosniff"
        if self[.referrerPolicy] == nil { self[.referrerPolicy] = "no-referrer" }
    }
}

extension Request {
    /// Whether comparing its address or a header would take quadratic time.
    fileprivate var hasLongRunOfMarks: Bool {
        CombiningMarks.areTooMany(in: uri.description)
            || headers.contains { CombiningMarks.areTooMany(in: $0.value) }
    }

    /// Whether the address was opened in a browser: programs do not ask for HTML.
    fileprivate var isFromBrowser: Bool {
        (method == .get || method == .head)
            && headers[values: .accept].contains { $0.contains("text/html") }
    }
}

extension HTTPField.Name {
    static let referrerPolicy = known("Referrer-Policy")
}

extension String {
    /// Whether the path has two slashes in a row, so that an identifier is missing.
    fileprivate var hasEmptySegment: Bool {
        var last: UInt8 = 0
        for byte in utf8 {
            if byte == UInt8(ascii: "/"), last == byte { return true }
            last = byte
        }
        return false
    }
}

extension BrokerError {
    fileprivate static var emptySegment: BrokerError {
        BrokerError(.badRequestData, "The path leaves an identifier out: a segment is empty.")
    }
}
