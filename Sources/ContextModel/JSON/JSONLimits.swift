/// The limits of a JSON text.
package struct JSONLimits: Sendable, Hashable {
    /// The bytes of the whole text.
    package var maximumBytes: Int
    /// The depth of nested arrays and objects; each level takes stack.
    package var maximumDepth: Int
    /// The members of one object.
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

    /// The limits that suffice for every document of the standard, and for a batch of some ten
    /// thousand entities.
    package static let standard = JSONLimits()
}
