import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdCore

/// The Model Context Protocol (revision 2025-06-18) over streamable HTTP: language models read the hub with the
/// rights of whoever asks through them.
///
/// The hub keeps no session, sends nothing by itself, and has no tool that writes.
extension NGSILDRoutes {
    mutating func addModelContextRoutes() {
        add(
            RouteDescription(
                .post,
                "/mcp",
                .features,
                "Answer a language model's request (Model Context Protocol)",
                accepts: [MediaType.json.rawValue],
                body: .modelContextMessage,
                answers: MediaType.json.rawValue
            )
        ) { exchange in
            try exchange.requireOwnOrigin()
            try exchange.requireKnownRevision()
            let (json, _) = try await exchange.body(to: .read, allowing: [.json])
            let answer = try await exchange.hub.longWork.run(for: exchange.caller.sharer) {
                try await ModelContextMessage(json, exchange).answer()
            }
            guard let answer else { return exchange.answer(.accepted) }
            return exchange.json(answer)
        }
    }
}

extension Exchange {
    /// Throws for a request from a web page of another origin, which its visitor may not know of.
    ///
    /// The protocol asks for this, because a page could otherwise use a hub that only its visitor's machine
    /// reaches. The name in `Host` proves nothing: its owner may let it lead to this machine. So without a
    /// configured address, only pages of this machine's own names may ask.
    fileprivate func requireOwnOrigin() throws(BrokerError) {
        guard let origin = request.headers[.origin] else { return }
        let isOwn =
            if let address = settings.publicURL {
                address == origin || address.hasPrefix(origin + "/")
            } else {
                origin == base && Loopback.isLoopback(authority: request.head.authority ?? "")
            }
        guard isOwn else {
            throw BrokerError(.forbidden, "A page of '\(origin)' may not use this.")
        }
    }

    /// Throws for a revision of the protocol that the hub does not speak.
    fileprivate func requireKnownRevision() throws(BrokerError) {
        guard let version = request.headers[.modelContextRevision],
            !ModelContextMessage.versions.contains(version)
        else { return }
        throw BrokerError(
            .badRequestData,
            "The hub speaks \(ModelContextMessage.versions.joined(separator: ", ")), not '\(version)'."
        )
    }
}

extension HTTPField.Name {
    /// The revision of the protocol that a client speaks.
    fileprivate static let modelContextRevision = known("MCP-Protocol-Version")
}
