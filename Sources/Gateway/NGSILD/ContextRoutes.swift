import Broker
import ContextModel
import HTTPTypes
import Hummingbird

extension NGSILDRoutes {
    /// Adds the routes of stored `@context`s (clauses 5.13, 6.29 and 6.30).
    mutating func addContextRoutes() {
        addContextAddition()
        addListContexts()
        addServeContext()
        addDeleteContext()
    }

    private static let details = QueryParameter(
        "details",
        "Tell about the context",
        kind: .boolean
    )

    private mutating func addContextAddition() {
        add(
            RouteDescription(
                .post,
                Paths.contexts,
                .ldContexts,
                "Add an @context",
                clause: "6.29.3.1",
                accepts: bodies,
                body: .ldContext,
                status: 201
            )
        ) { exchange in
            let (json, _) = try await exchange.body(to: .write)
            let id = try await exchange.hub.hosting.addContext(json, caller: exchange.caller)
            return exchange.created(at: "\(Paths.contexts)/\(QueryItems.encode(id))")
        }
    }

    private mutating func addListContexts() {
        add(
            RouteDescription(
                .get,
                Paths.contexts,
                .ldContexts,
                "List @contexts",
                clause: "6.29.3.2",
                query: [
                    Self.details, QueryParameter("kind", "Hosted, Cached or ImplicitlyCreated"),
                ],
                answers: "application/json"
            )
        ) { exchange in
            let list = try await exchange.hub.hosting.listContexts(
                kind: try exchange.items.text("kind"),
                details: try exchange.items.flag("details"),
                caller: exchange.caller
            )
            return exchange.answer(JSONValue.array(list).serialized, .json, ld: nil)
        }
    }

    private mutating func addServeContext() {
        add(
            RouteDescription(
                .get,
                Paths.contexts + "/{contextId}",
                .ldContexts,
                "Serve an @context",
                clause: "6.30.3.1",
                query: [Self.details],
                answers: "application/json"
            )
        ) { exchange in
            let details = try exchange.items.flag("details")
            let type = try exchange.accepted()
            let document = try exchange.hub.hosting.serveContext(
                try exchange.capture("contextId"),
                details: details,
                caller: exchange.caller
            )
            return exchange.answer(document.serialized, details ? .json : type, ld: nil)
        }
    }

    private mutating func addDeleteContext() {
        add(
            RouteDescription(
                .delete,
                Paths.contexts + "/{contextId}",
                .ldContexts,
                "Delete or reload an @context",
                clause: "6.30.3.2",
                query: [QueryParameter("reload", "Fetch a cached one anew", kind: .boolean)],
                status: 204
            )
        ) { exchange in
            try await exchange.hub.hosting.deleteContext(
                try exchange.capture("contextId"),
                reload: try exchange.items.flag("reload"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}
