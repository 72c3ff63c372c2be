/// Room in memory for what an answer is made of: entities and instances may be as long as somebody
/// wished, and a page has many.
package struct AnswerRoom: Sendable {
    /// Bytes as they are stored.
    package static let maximumBytes = 32 << 20

    /// How many bytes are taken.
    package private(set) var taken = 0

    /// Makes room of which nothing is taken.
    package init() {}

    /// Takes so many bytes; throws `tooManyResults` when there are not as many left.
    package mutating func take(_ bytes: Int) throws(StorageError) {
        taken += bytes
        try require(0)
    }

    /// Throws `tooManyResults` when there are not as many bytes left.
    package func require(_ bytes: Int) throws(StorageError) {
        guard taken + bytes <= Self.maximumBytes else {
            throw StorageError(
                .tooManyResults,
                note: "more than \(Self.maximumBytes) bytes of entities or instances"
            )
        }
    }
}
