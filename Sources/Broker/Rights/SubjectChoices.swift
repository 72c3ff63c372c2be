package import ContextModel
package import Governance
import Storage

/// What one person has chosen, as it is kept: the newest choice for each purpose and recipient.
package struct SubjectChoices: Sendable, Equatable {
    /// A choice and when it was made.
    package struct Made: Sendable, Equatable {
        package var choice: Choice
        package var at: Timestamp
        /// The identifier of its receipt.
        package var id: String

        /// Whether the other is for the same purpose and recipient, so that the newer one counts.
        func isAboutTheSame(_ other: Made) -> Bool {
            choice.purpose == other.choice.purpose && choice.recipient == other.choice.recipient
        }
    }

    /// The recipient in the record of a choice that is about all recipients.
    static let everybody = PartyID("anyone")

    package let subject: SubjectID
    package private(set) var made: [Made] = []

    init(_ subject: SubjectID) { self.subject = subject }

    /// The choices that count.
    package var inForce: [Choice] { made.map(\.choice) }

    /// Puts the choice in the place of an earlier one for the same purpose and recipient.
    mutating func put(_ new: Made) {
        made.removeAll(where: new.isAboutTheSame)
        made.append(new)
    }
}

extension SubjectChoices {
    var document: Document {
        let choices = made.map { made -> JSONValue in
            var json: JSONObject = [
                "id": .string(made.id), "choice": .string(made.choice.kind.word),
                "purpose": .string(made.choice.purpose.text), "at": .string(made.at.text),
            ]
            if let recipient = made.choice.recipient { json["recipient"] = .string(recipient.text) }
            return .object(json)
        }
        return Document(
            kind: .choices,
            id: subject.uri,
            body: JSONValue.array(choices).serialized
        )
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let choices = try? JSONReader.read(document.body).arrayValue else { return nil }
        self.init(SubjectID(document.id))
        for json in choices.map(\.objectValue) {
            guard let id = json?["id"]?.stringValue,
                let kind = json?["choice"]?.stringValue.flatMap({ Choice.Kind(word: $0) }),
                let purpose = json?["purpose"]?.stringValue,
                let at = json?["at"]?.stringValue.flatMap({ Timestamp($0) })
            else { return nil }
            let recipient = json?["recipient"]?.stringValue.map { PartyID($0) }
            let choice = Choice(kind, Purpose(purpose), recipient: recipient)
            made.append(Made(choice: choice, at: at, id: id))
        }
    }
}
