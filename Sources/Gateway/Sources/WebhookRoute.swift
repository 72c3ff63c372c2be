import Broker
import Collect
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import NIOCore

extension NGSILDRoutes {
    /// Adds the route that takes the messages of webhooks: each source knows its sender itself, so
    /// that no token of the hub is needed.
    mutating func addWebhookRoute(_ secrets: SourceSecrets) {
        var description = RouteDescription(
            .post,
            "/sources/{sourceName}",
            .sources,
            "Take a message of a source",
            accepts: [
                "application/json", "text/csv", "application/xml", "application/octet-stream",
            ],
            status: 204
        )
        description.identifiesItself = true
        let (hub, limit) = (hub, min(settings.maximumBodyBytes, ReceivedMessage.maximumBytes))
        addPlain(description) { request, context in
            let found = context.parameters.get("sourceName").flatMap { SourceName($0) }
                .flatMap { hub.sourcing.source(SourceKey(context.caller.tenant, $0)) }
            guard let source = found, let check = source.check(secrets, hub) else {
                throw BrokerError.unknownSender
            }
            let items = try QueryItems(urlQuery: request.uri.query ?? "")
            // A stranger's body is not read, unless it has to be.
            if !check.needsBody, !check.admits(request.head, items, []) {
                throw BrokerError.unknownSender
            }
            let body = Array(buffer: try await request.bytes(limit: limit))
            if check.needsBody, !check.admits(request.head, items, body) {
                throw BrokerError.unknownSender
            }
            // From here on it is work of the source, which others from the same address do not wait for.
            await context.executor?.serve(source.key.caller.sharer)
            let number = request.headers[.idempotencyKey]
            var message = ReceivedMessage(
                body,
                number: number.map { "key \($0)" },
                receivedAt: hub.clock()
            )
            if (source.mapping.definition as? SourceDefinition)?.hasEntities == true {
                message.context = try request.linkedContext
            }
            return try await hub.sourcing.receive([message], by: source)[0].response
        }
    }
}

extension Request {
    /// The `@context` that a notification names beside its body (clause 6.3.5); nil for none.
    fileprivate var linkedContext: String? {
        get throws(BrokerError) {
            do throws(LDContextError) {
                return try LinkHeader.context(in: headers[values: .link])
            } catch {
                throw BrokerError(error)
            }
        }
    }
}

extension LiveSource {
    /// How the source knows its sender; nil when it is no webhook, or its secret cannot be had.
    fileprivate func check(_ secrets: SourceSecrets, _ hub: Hub) -> WebhookCheck? {
        guard let definition = mapping.definition as? SourceDefinition,
            case .webhook(let access) = definition.way
        else { return nil }
        do throws(SourceError) {
            let secret = try secrets.text(of: access.secret)
            return WebhookCheck(access: access, secret: secret)
        } catch {
            hub.sourcing.note(error.description, isConnected: false, of: self)
            return nil
        }
    }
}

extension WebhookAccess {
    fileprivate var secret: SecretReference {
        switch self {
        case .bearer(let secret), .basic(_, let secret), .query(_, let secret),
            .hmac(_, _, _, let secret):
            secret
        }
    }
}

extension MessageOutcome {
    /// 204 for what is stored, 202 with the reasons for what is kept until the map is mended.
    fileprivate var response: Response {
        switch self {
        case .stored, .repeated: Response(status: .noContent)
        case .refused(let reasons):
            .json(["refused": .array(reasons.map { .string($0) })], status: .accepted)
        }
    }
}

extension BrokerError {
    /// One error for both, so that nobody learns which sources there are.
    fileprivate static let unknownSender = BrokerError(
        .unauthenticated,
        "There is no such webhook, or its secret is another one."
    )
}

extension HTTPField.Name {
    static let idempotencyKey = known("Idempotency-Key")
}
