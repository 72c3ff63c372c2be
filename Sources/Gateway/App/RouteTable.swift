package import Hummingbird

/// Answers the requests of a route.
///
/// Errors become problem details.
package typealias RouteHandler =
    @Sendable (_ request: Request, _ context: GatewayContext) async throws -> Response

/// What outlives the exchange of a hub's routes: since when it runs, and who is listening.
package final class LastingCounts: Sendable {
    let start = ContinuousClock.now
    let listeners = Listeners()

    package init() {}
}

/// The list of the hub's routes: every route is both served and described.
package struct RouteTable: Sendable {
    package private(set) var routes: [(description: RouteDescription, handler: RouteHandler)] = []
    /// The page for a problem in a browser; nil without pages.
    var problemPage: (@Sendable (ProblemDetails) throws -> Response)?
    /// Answers `/` to programs that ask for JSON there; nil without the routes of features.
    var landingPage: RouteHandler?
    let lasting: LastingCounts

    /// The counts go on from the table that was in force before.
    package init(_ lasting: LastingCounts = LastingCounts()) { self.lasting = lasting }

    /// Adds a route.
    ///
    /// GET routes also answer HEAD; OPTIONS and 405 are added automatically.
    package mutating func add(_ description: RouteDescription, _ handler: @escaping RouteHandler) {
        routes.append((description, handler))
    }

    package var descriptions: [RouteDescription] { routes.map(\.description) }

    /// The router that serves the table.
    func makeRouter(_ frame: Frame) -> Router<GatewayContext> {
        let router = Router(
            context: GatewayContext.self,
            options: [.autoGenerateHeadEndpoints]
        )
        for (description, handler) in routes {
            router.on(
                RouterPath(description.path),
                method: description.method,
                responder: frame.endpoint(for: description, handler)
            )
        }
        for (path, methods) in methodsByPath {
            addOtherMethods(to: router, path: path, methods: methods, frame)
        }
        // Added last, so that it only answers paths without a route.
        router.add(middleware: UnknownPath(endpoint: frame.unknownPath))
        return router
    }

    private var methodsByPath: [String: [HTTPRequest.Method]] {
        var methods: [String: [HTTPRequest.Method]] = [:]
        for (description, _) in routes {
            methods[description.path, default: []].append(description.method)
            if description.method == .get { methods[description.path]?.append(.head) }
        }
        return methods
    }

    private func addOtherMethods(
        to router: Router<GatewayContext>,
        path: String,
        methods: [HTTPRequest.Method],
        _ frame: Frame
    ) {
        let allow = (methods + [.options]).map(\.rawValue).sorted().joined(separator: ", ")
        for method in Self.knownMethods where !methods.contains(method) {
            let endpoint =
                method == .options
                ? frame.options(path: path, allow: allow)
                : frame.methodNotAllowed(path: path, method: method, allow: allow)
            router.on(RouterPath(path), method: method, responder: endpoint)
        }
    }

    private static let knownMethods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]
}

/// Answers paths without a route.
private struct UnknownPath: MiddlewareProtocol {
    let endpoint: Endpoint

    func handle(
        _ request: Request,
        context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        try await endpoint.respond(to: request, context: context)
    }
}
