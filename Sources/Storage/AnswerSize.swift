/// Counts the bytes that the parts of an answer take in memory, and limits them.
///
/// One entity or instance may be very long, and a page has many of them.
package struct AnswerSize: Sendable {
    /// The most bytes one answer may take, counted as they are stored.
    package static let maximumBytes = 32 << 20

    /// The number of bytes taken.
    package private(set) var taken = 0

    /// Creates a count of zero bytes.
    package init() {}

    /// Counts `bytes` as taken; throws `tooManyResults` when they exceed the limit.
    package mutating func take(_ bytes: Int) throws(StorageError) {
        taken += bytes
        try require(0)
    }

    /// Throws `tooManyResults` when `bytes` more would exceed the limit.
    package func require(_ bytes: Int) throws(StorageError) {
        guard taken + bytes <= Self.maximumBytes else {
            throw StorageError(
                .tooManyResults,
                note: "more than \(Self.maximumBytes) bytes of entities or instances"
            )
        }
    }
}
