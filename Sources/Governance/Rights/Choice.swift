/// What a person decided about the use of data about it, for one purpose and one recipient.
package struct Choice: Sendable, Hashable {
    /// What it decided.
    package enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// The data is not to be used for the purpose.
        case object
        /// The data may be used for the purpose.
        case consent
        /// A consent is taken back; from then on it counts like an objection.
        case withdraw

        /// The word for it in documents.
        package var word: String {
            switch self {
            case .object: "object"
            case .consent: "consent"
            case .withdraw: "withdraw"
            }
        }

        package init?(word: String) {
            guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
            self = found
        }
    }

    package var kind: Kind
    package var purpose: Purpose
    /// Whom it is about; nil for everybody.
    package var recipient: PartyID?

    package init(_ kind: Kind, _ purpose: Purpose, recipient: PartyID? = nil) {
        self.kind = kind
        self.purpose = purpose
        self.recipient = recipient
    }
}

/// What the use of data about a person rests on, and so how far the person's choices go.
package enum LegalBasis: Sendable, Hashable {
    /// It may be used until the person objects.
    case untilObjected
    /// It may be used while the person consents.
    case consent
    /// It may be used whatever the person chose: a lawful override.
    case override
}
