import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird

/// What the hub keeps for its callers one by one, each under an identifier of its own: how it is
/// called, and the operations on it.
///
/// Of all kinds the routes are the same.
struct KeptDocuments: Sendable {
    /// Where they are; each is below it.
    var path: String
    /// What the path of one calls its identifier.
    var capture: String
    var section: RouteDescription.Section
    /// With its article.
    var noun: String
    /// The clauses of the path of all and of the path of one.
    var clauses: (all: String, one: String)
    var body: BodySchema
    var fragment: BodySchema
    /// What a caller must have the right to before its body is read.
    var intent: Access.Intent
    /// Makes one; answers its identifier.
    var create: @Sendable (Hub, JSONValue, LDContext, Caller) async throws -> String
    var retrieve:
        @Sendable (Hub, String, LDContext, _ sysAttrs: Bool, Caller) async throws -> JSONValue
    var update: @Sendable (Hub, String, JSONValue, LDContext, Caller) async throws -> Void
    var delete: @Sendable (Hub, String, Caller) async throws -> Void

    var pathOfOne: String { "\(path)/{\(capture)}" }
}

extension NGSILDRoutes {
    /// Adds the route that makes one of them.
    mutating func addCreation(of kept: KeptDocuments, summary: String? = nil) {
        add(
            RouteDescription(
                .post,
                kept.path,
                kept.section,
                summary ?? "Create \(kept.noun)",
                clause: kept.clauses.all + ".1",
                accepts: bodies,
                body: kept.body,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: kept.intent, isKept: true)
            let id = try await kept.create(exchange.hub, json, ld, exchange.caller)
            return exchange.created(at: "\(kept.path)/\(QueryItems.encode(id))")
        }
    }

    /// Adds the routes of one of them.
    mutating func addRoutesOfOne(of kept: KeptDocuments) {
        addRetrieval(of: kept)
        addUpdate(
            kept.pathOfOne,
            kept.section,
            "Update \(kept.noun)",
            clause: kept.clauses.one + ".2",
            body: kept.fragment,
            to: kept.intent
        ) { exchange, json, ld in
            let id = try exchange.uri(kept.capture)
            try await kept.update(exchange.hub, id, json, ld, exchange.caller)
        }
        addDeletion(
            kept.pathOfOne,
            kept.section,
            "Delete \(kept.noun)",
            clause: kept.clauses.one + ".3"
        ) { exchange in
            let id = try exchange.uri(kept.capture)
            try await kept.delete(exchange.hub, id, exchange.caller)
        }
    }

    private mutating func addRetrieval(of kept: KeptDocuments) {
        add(
            RouteDescription(
                .get,
                kept.pathOfOne,
                kept.section,
                "Retrieve \(kept.noun)",
                clause: kept.clauses.one + ".1",
                query: [.options, .sysAttrs],
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            // What cannot be had is said before what there is.
            _ = try exchange.accepted()
            let document = try await kept.retrieve(
                exchange.hub,
                try exchange.uri(kept.capture),
                ld,
                try exchange.parameters(ld).representation().showsSystemAttributes,
                exchange.caller
            )
            return try exchange.answer(document, ld: ld)
        }
    }

    /// Adds a route that takes a fragment and answers nothing.
    mutating func addUpdate(
        _ path: String,
        _ section: RouteDescription.Section,
        _ summary: String,
        clause: String,
        body: BodySchema,
        to intent: Access.Intent,
        _ update: @escaping @Sendable (Exchange, JSONValue, LDContext) async throws -> Void
    ) {
        add(
            RouteDescription(
                .patch,
                path,
                section,
                summary,
                clause: clause,
                accepts: patches,
                body: body,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(
                to: intent,
                isKept: true,
                allowing: patchTypes
            )
            try await update(exchange, json, ld)
            return exchange.answer(.noContent)
        }
    }

    /// Adds a route that deletes and answers nothing.
    mutating func addDeletion(
        _ path: String,
        _ section: RouteDescription.Section,
        _ summary: String,
        clause: String,
        _ delete: @escaping @Sendable (Exchange) async throws -> Void
    ) {
        add(
            RouteDescription(.delete, path, section, summary, clause: clause, status: 204)
        ) { exchange in
            try await delete(exchange)
            return exchange.answer(.noContent)
        }
    }
}
