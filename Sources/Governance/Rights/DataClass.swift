/// How much data can tell of people: what may be done with it depends on that.
package enum DataClass: Int, Sendable, Hashable, CaseIterable, Comparable {
    /// Nobody is harmed by it.
    case `public`
    /// Not meant for everybody; what nobody has classified.
    case `internal`
    /// Data about a person.
    case personal
    /// Data about a person that harms when it is known, such as about health: it needs the person's
    /// consent.
    case sensitive

    /// The word for it in documents.
    package var word: String {
        switch self {
        case .public: "public"
        case .internal: "internal"
        case .personal: "personal"
        case .sensitive: "sensitive"
        }
    }

    package init?(word: String) {
        guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = found
    }

    /// Every class there is.
    package static let all = Set(allCases)

    /// Whether it is about people, whose choices then count.
    package var isAboutPeople: Bool { self >= .personal }

    package static func < (a: DataClass, b: DataClass) -> Bool { a.rawValue < b.rawValue }
}
