/// What a JSON text may cost before it is refused.
package struct JSONLimits: Sendable, Hashable {
    /// Length of the whole text.
    package var maximumBytes: Int
    /// Arrays and objects inside each other; each level takes stack.
    package var maximumDepth: Int
    /// Members of one object.
    package var maximumMembers: Int

    package init(
        maximumBytes: Int = 64 << 20,
        maximumDepth: Int = 64,
        maximumMembers: Int = 100_000
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumMembers = maximumMembers
    }

    /// Enough for every document of the standard, and for a batch of some ten thousand entities.
    package static let standard = JSONLimits()
}
