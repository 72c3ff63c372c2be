/// Why a signature of a request is worth nothing.
package struct SignatureError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of reason it is.
    package enum Kind: Sendable, Hashable {
        /// It cannot be read, or not wholly.
        case malformed
        /// It does not cover what it must.
        case incomplete
        /// It was not made by the key, or for another request.
        case wrong
        /// It is not valid at this time.
        case untimely
        /// The request was there before.
        case replayed
        /// Its maker is not known, or not admitted.
        case stranger
    }
    package let kind: Kind
    /// In a sentence.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
