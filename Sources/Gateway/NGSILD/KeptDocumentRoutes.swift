import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird

/// A kind of documents that callers create, each with an identifier: its names, and its
/// operations.
///
/// All kinds have the same routes.
struct KeptDocuments: Sendable {
    /// The path of all; each document is below it.
    var path: String
    /// The name of the capture with the identifier.
    var capture: String
    var section: RouteDescription.Section
    /// The name for messages, with its article.
    var noun: String
    /// The clauses for the path of all and for the path of one.
    var clauses: (all: String, one: String)
    var body: BodySchema
    var fragment: BodySchema
    /// The right that a caller needs before its body is read.
    var intent: Access.Intent
    /// Creates a document; returns its identifier.
    var create: @Sendable (Hub, JSONValue, LDContext, Caller) async throws -> String
    var retrieve:
        @Sendable (Hub, String, LDContext, _ sysAttrs: Bool, Caller) async throws -> JSONValue
    var update: @Sendable (Hub, String, JSONValue, LDContext, Caller) async throws -> Void
    var delete: @Sendable (Hub, String, Caller) async throws -> Void

    var pathOfOne: String { "\(path)/{\(capture)}" }
}

extension NGSILDRoutes {
    /// Adds the route that creates a document.
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

    /// Adds the routes of one document.
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
            // An unacceptable media type is reported before the existence of the document.
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

    /// Adds a route that takes a fragment and returns no body.
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

    /// Adds a route that deletes a document and returns no body.
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
