package import ContextModel

/// Gets the JSON of an `@context` from where its URL points.
package protocol LDContextSource: Sendable {
    func document(at url: String) async throws(LDContextError) -> LDContextDocument
}

/// A document as its server gave it.
package struct LDContextDocument: Sendable, Equatable {
    package var body: JSONValue
    /// How long it stays fresh by what its server says; nil when that does not say.
    package var freshSeconds: Int?

    package init(_ body: JSONValue, freshSeconds: Int? = nil) {
        self.body = body
        self.freshSeconds = freshSeconds
    }
}
