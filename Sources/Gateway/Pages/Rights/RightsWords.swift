import ContextModel
import Governance

extension Translation {
    /// A moment in the same form in all languages: `2026-01-31 08:00 UTC`.
    func moment(_ moment: Timestamp) -> String {
        let text = moment.text
        return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
    }

    /// What the record says of a choice; `recipient` is the URI of whom it is about.
    func choice(_ word: String, _ recipient: String) -> String {
        let isForAll = PartyID(recipient) == PartyID("anyone")
        let names = ["recipient": isForAll ? self("allRecipients") : party(recipient)]
        return switch word {
        case "object": self("choseObject", names)
        case "consent": self("choseConsent", names)
        case "withdraw": self("choseWithdraw", names)
        default: self("choseErasure")
        }
    }

    /// The name of a party by its URI.
    func party(_ uri: String) -> String {
        let id = PartyID(uri)
        return id == PartyID("anyone") ? self("recipientAll") : id.text
    }
}

extension IRI {
    /// As the page *Data* names a type or attribute.
    var compactName: String { LDContext.core.compact(self) }
}

extension String {
    /// The attribute's name without its vocabulary.
    var compactName: String { IRI(self).compactName }
}
