package import ContextModel
package import Governance
import Record
import Storage

extension Governing {
    /// Notes what a person chooses, by itself or by the operator for it, and returns the receipt.
    ///
    /// When it returns, the choice is in force on every path of this process, and in the others within
    /// 50 ms. Not part of the standard; the receipt follows ISO/IEC TS 27560.
    package func makeChoice(_ body: JSONValue, caller: Caller) async throws -> JSONObject {
        let (subject, choice) = try Self.choice(body)
        try requireSubject(subject, caller)
        // A person makes no tenants: there are only so many.
        if !access.policy.permitsAdministration(caller) {
            _ = try await access.existingStore(caller.tenant)
        }
        let made = SubjectChoices.Made(
            choice: choice,
            at: clock(),
            id: "urn:balai:receipt:\(makeIdentifier())"
        )
        let key = DocumentKey.document(.choices, id: subject.uri)
        let opening = Opening(
            subject: subject.uri,
            tenant: caller.tenant?.text,
            party: (choice.recipient ?? SubjectChoices.everybody).uri,
            purpose: choice.purpose.text,
            time: made.at,
            details: ["choice": .string(choice.kind.word), "receipt": .string(made.id)]
        )
        try await change(
            caller.tenant,
            .choice,
            openings: [opening],
            reading: [key]
        ) { changes, _ in
            let kept = try changes.document(.choices, id: subject.uri)
            var choices = kept.flatMap { SubjectChoices($0) } ?? SubjectChoices(subject)
            choices.put(made)
            guard choices.made.count <= Self.maximumChoices else {
                throw BrokerError(
                    .tooManyResults,
                    "A person has \(Self.maximumChoices) choices at most; one without a recipient is "
                        + "about all of them."
                )
            }
            changes.put(choices.document)
        }
        return Self.receipt(of: made, subject)
    }

    /// What the person has chosen, newest last.
    package func choices(of subject: SubjectID, caller: Caller) async throws -> [JSONValue] {
        try requireSubject(subject, caller)
        let store = try await access.existingStore(caller.tenant)
        let kept = try await store.document(.choices, id: subject.uri)
        return (kept.flatMap { SubjectChoices($0) }?.made ?? []).map {
            .object(Self.receipt(of: $0, subject))
        }
    }

    /// Choices of a person at most.
    package static let maximumChoices = 1_000

    /// Refuses whoever is neither the person nor runs the hub.
    func requireSubject(_ subject: SubjectID, _ caller: Caller) throws(BrokerError) {
        if access.policy.permitsAdministration(caller) { return }
        try requireSelf(subject, caller)
    }

    /// Refuses whoever is not the person.
    func requireSelf(_ subject: SubjectID, _ caller: Caller) throws(BrokerError) {
        if caller.subject == subject { return }
        throw BrokerError(caller.party == .anonymous ? DenyReason.unauthenticated : .forbidden)
    }

    private static func choice(
        _ body: JSONValue
    ) throws(BrokerError) -> (SubjectID, Choice) {
        guard case .object(let object) = body else {
            throw refusal("choice", "It is a JSON object, not \(body.excerpt).")
        }
        let known: Set = ["subject", "purpose", "recipient", "choice"]
        if let unknown = object.members.first(where: { !known.contains($0.key) }) {
            throw refusal(unknown.key, "The member is not understood.")
        }
        guard let subject = object["subject"]?.stringValue, URIText.isValid(subject) else {
            throw refusal("subject", "It must be the URI of a person.")
        }
        guard let word = object["choice"]?.stringValue, let kind = Choice.Kind(word: word) else {
            throw refusal("choice", "It must be object, consent or withdraw.")
        }
        guard let purpose = object["purpose"]?.stringValue.map({ Purpose($0) }), purpose.isKnown
        else {
            throw refusal("purpose", "It must be a purpose of the Data Privacy Vocabulary.")
        }
        switch object["recipient"] {
        case nil, .null?: return (SubjectID(subject), Choice(kind, purpose))
        case .string(let uri)? where URIText.isValid(uri):
            return (SubjectID(subject), Choice(kind, purpose, recipient: PartyID(uri)))
        default: throw refusal("recipient", "It must be the URI of a party, or null for everybody.")
        }
    }

    private static func refusal(_ member: String, _ reason: String) -> BrokerError {
        BrokerError(.badRequestData, "\(member): \(reason)")
    }

    private static func receipt(
        of made: SubjectChoices.Made,
        _ subject: SubjectID
    ) -> JSONObject {
        let (status, event) =
            switch made.choice.kind {
            case .object: ("dpv:ConsentRefused", "dpv:OptingOutFromProcess")
            case .consent: ("dpv:ConsentGiven", "dpv:OptingInToProcess")
            case .withdraw: ("dpv:ConsentWithdrawn", "dpv:WithdrawingFromProcess")
            }
        return [
            "@context": ["dpv": "https://w3id.org/dpv#"],
            "schemaVersion": "ISO/IEC TS 27560:2023",
            "recordId": .string(made.id),
            "subject": .string(subject.uri),
            "purpose": .string(made.choice.purpose.iri),
            "recipient": made.choice.recipient.map { .string($0.uri) } ?? .null,
            "choice": .string(made.choice.kind.word),
            "status": .string(status),
            "events": [["eventType": .string(event), "eventTime": .string(made.at.text)]],
        ]
    }
}
