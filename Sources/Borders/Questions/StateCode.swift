/// A state, by its code of ISO 3166-1 alpha-2, such as `SG`.
package struct StateCode: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Nil unless there are two capital letters of ASCII.
    package init?(_ text: String) {
        let letters = text.utf8
        guard letters.count == 2, letters.allSatisfy({ 0x41...0x5A ~= $0 }) else { return nil }
        self.text = text
    }

    package var description: String { text }

    /// The members of the Association of Southeast Asian Nations; Timor-Leste joined in October 2025.
    package static let asean = Set(
        ["BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"].compactMap {
            StateCode($0)
        }
    )
}
