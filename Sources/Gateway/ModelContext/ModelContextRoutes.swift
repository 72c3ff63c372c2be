import Broker
import ContextModel
import HTTPTypes
import Hummingbird

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
            let (json, _) = try await exchange.body(to: .read, allowing: [.json])
            let answer = try await ModelContextMessage(json, exchange).answer()
            guard let answer else { return exchange.answer(.accepted) }
            return .json(answer)
        }
    }
}

extension Exchange {
    /// Throws for a request from a web page of another origin, which its visitor may not know of.
    ///
    /// The protocol asks for this, because a page could otherwise use a hub that only its visitor's machine
    /// reaches.
    fileprivate func requireOwnOrigin() throws(BrokerError) {
        guard let origin = request.headers[.origin] else { return }
        let place = origin.split(separator: "/").last.map(String.init)
        guard place == request.head.authority else {
            throw BrokerError(.forbidden, "A page of '\(origin)' may not use this.")
        }
    }
}
