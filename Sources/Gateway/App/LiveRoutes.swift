package import Hummingbird
import Synchronization

/// Answers requests by the routes in force, which can be exchanged while the server runs.
package final class LiveRoutes: HTTPResponder {
    package typealias Context = GatewayContext

    private struct State {
        var responder: RouterResponder<GatewayContext>
        var settings: GatewaySettings
    }
    private let state: Mutex<State>
    /// What all routes share, also those that come later: identity, the memory of answers, metrics.
    private let frame: Frame

    init(_ routes: RouteTable, _ settings: GatewaySettings, _ frame: Frame) {
        self.frame = frame
        let responder = routes.makeRouter(frame).buildResponder()
        state = Mutex(State(responder: responder, settings: settings))
    }

    var settings: GatewaySettings { state.withLock(\.settings) }

    /// Answers by these routes and settings from now on.
    ///
    /// Requests in progress end as they began, and open connections keep their limits. Of the settings, the address
    /// and the number of connections are those of the start.
    package func replace(with routes: RouteTable, _ settings: GatewaySettings) {
        var frame = frame
        frame.problemPage = routes.problemPage
        frame.crossOrigin = CrossOrigin(settings.origins)
        let responder = routes.makeRouter(frame).buildResponder()
        state.withLock { $0 = State(responder: responder, settings: settings) }
    }

    package func respond(to request: Request, context: GatewayContext) async throws -> Response {
        let responder = state.withLock(\.responder)
        return try await responder.respond(to: request, context: context)
    }
}
