package import ContextModel
package import Governance

/// Fetches the JSON of an `@context` from its URL.
package protocol LDContextSource: Sendable {
    /// `sharer` is the one for whom it is fetched.
    func document(
        at url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> LDContextDocument
}

/// A document as its server returned it.
package struct LDContextDocument: Sendable, Equatable {
    package var body: JSONValue
    /// The URL at which it was found after redirects, if there were any.
    package var redirectedTo: String?
    /// How long it is fresh according to its server; nil when the server does not say.
    package var freshSeconds: Int?

    package init(_ body: JSONValue, redirectedTo: String? = nil, freshSeconds: Int? = nil) {
        self.body = body
        self.redirectedTo = redirectedTo
        self.freshSeconds = freshSeconds
    }
}
