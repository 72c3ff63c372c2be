package import ContextModel
import Storage

/// A message that could not be mapped or written as a whole, kept so that it can be tried again.
package struct RefusedMessage: Sendable, Equatable {
    /// The name of the source, a slash and a growing number.
    package var id: String
    package var message: ReceivedMessage
    package var reasons: [String]

    /// The number in the identifier.
    var place: Int { id.split(separator: "/").last.flatMap { Int($0) } ?? 0 }

    static func id(of name: SourceName, _ number: Int) -> String { "\(name.text)/\(number)" }

    func document(of name: SourceName) -> Document {
        var body: JSONObject = [
            "receivedAt": .number(JSONNumber(Int(message.receivedAt.microseconds))),
            "reasons": .array(reasons.map { .string($0) }),
        ]
        // A body that is no text is kept as hexadecimal digits.
        if let text = String(validating: message.body, as: UTF8.self) {
            body["text"] = .string(text)
        } else {
            body["bytes"] = .string(Hexadecimal.text(of: message.body))
        }
        body["topic"] = message.topic.map { .string($0) }
        body["number"] = message.number.map { .string($0) }
        body["context"] = message.context.map { .string($0) }
        body["problem"] = message.problem.map { .string($0) }
        return Document(
            kind: .refusedMessage,
            id: id,
            body: JSONValue.object(body).serialized,
            owner: name.text
        )
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let receivedAt = json["receivedAt"]?.numberValue?.intValue,
            let reasons = json["reasons"]?.arrayValue?.compactMap(\.stringValue)
        else { return nil }
        let text = json["text"]?.stringValue.map { Array($0.utf8) }
        guard let body = text ?? json["bytes"]?.stringValue.flatMap({ Hexadecimal.bytes(of: $0) })
        else { return nil }
        id = document.id
        message = ReceivedMessage(
            body,
            topic: json["topic"]?.stringValue,
            number: json["number"]?.stringValue,
            receivedAt: Timestamp(microseconds: Int64(receivedAt))
        )
        message.context = json["context"]?.stringValue
        message.problem = json["problem"]?.stringValue
        self.reasons = reasons
    }

    init(id: String, _ message: ReceivedMessage, reasons: [String]) {
        self.id = id
        self.message = message
        self.reasons = reasons
    }

    /// The same without its body, which then cannot be mapped any more.
    var withoutBody: RefusedMessage {
        let problem = "Its \(message.body.count) bytes are too many to be kept."
        var message = message
        message.body = []
        message.problem = problem
        return RefusedMessage(id: id, message, reasons: reasons + [problem])
    }

    /// The message for the operator; without content for others who run the hub.
    package func json(withContent: Bool) -> JSONValue {
        var json: JSONObject = [
            "id": .string(id), "receivedAt": .string(message.receivedAt.text),
        ]
        guard withContent else { return .object(json) }
        json.members += [
            ("reasons", .array(reasons.map { .string($0) })),
            ("message", .string(String(decoding: message.body, as: UTF8.self))),
        ]
        json["topic"] = message.shownTopic.map { .string($0) }
        return .object(json)
    }
}

/// Refused messages for the operator.
package struct RefusedMessages: Disclosable {
    package var messages: [RefusedMessage]

    /// They became no entities.
    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {}
}
