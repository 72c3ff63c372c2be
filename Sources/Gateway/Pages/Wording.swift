/// What a page says, before its language is known.
package enum Wording: Sendable, Hashable {
    /// The words with a key, with values in their places.
    case words(String, [String: String] = [:])
    /// The same, with a duration in the place `{duration}`.
    case lasting(String, seconds: Int64)
    /// A text that is the same in every language, as the sign of a unit.
    case same(String)
}

extension Translation {
    /// The wording in this language.
    func callAsFunction(_ wording: Wording) -> String {
        switch wording {
        case .words(let key, let values): self(key, values)
        case .lasting(let key, let seconds): self(key, ["duration": duration(seconds: seconds)])
        case .same(let text): text
        }
    }
}
