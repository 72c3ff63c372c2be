package import ContextModel
package import Governance

/// Gets the JSON of an `@context` from where its URL points.
package protocol LDContextSource: Sendable {
    /// `sharer` is on whose behalf it is fetched.
    func document(
        at url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> LDContextDocument
}

/// A document as its server gave it.
package struct LDContextDocument: Sendable, Equatable {
    package var body: JSONValue
    /// Where it was found in the end, if a redirect led elsewhere than where it was asked for.
    package var redirectedTo: String?
    /// How long it stays fresh by what its server says; nil when that does not say.
    package var freshSeconds: Int?

    package init(_ body: JSONValue, redirectedTo: String? = nil, freshSeconds: Int? = nil) {
        self.body = body
        self.redirectedTo = redirectedTo
        self.freshSeconds = freshSeconds
    }
}
