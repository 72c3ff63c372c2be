import ContextModel
package import Governance
import Storage

/// The operator's operations on dead letters, which are not part of the standard.
extension Subscribing {
    /// The dead letters, oldest first.
    package func deadLetters(
        _ choice: DeadLetterChoice = DeadLetterChoice(),
        limit: Int,
        caller: Caller
    ) async throws -> Disclosed<DeadLetterList> {
        let session = try await reading.operatorSession(caller)
        let letters = try await chosen(choice, caller.tenant, session)
        let summaries = letters.prefix(limit).map { letter -> JSONValue in
            var json = letter.summary
            json["owner"] = .string(owner(of: letter, caller.tenant).text)
            return .object(json)
        }
        return try await session.seal(DeadLetterList(summaries: summaries))
    }

    /// Puts dead letters into the outbox again; returns how many.
    ///
    /// Those of deleted subscriptions are removed.
    package func replayDeadLetters(
        _ choice: DeadLetterChoice = DeadLetterChoice(),
        caller: Caller
    ) async throws -> Int {
        let (session, tenant) = (try await reading.operatorSession(caller), caller.tenant)
        let letters = try await chosen(choice, tenant, session)
        return try await session.documents.bookkeep { [feed] transaction in
            let present = try letters.filter {
                try transaction.removeDocument(.deadLetter, id: $0.id)
            }
            for letter in present {
                try feed.enqueue(
                    letter.message,
                    content: nil,
                    to: [letter.subscription],
                    at: letter.enqueuedAt,
                    tenant: tenant,
                    in: transaction
                )
            }
            return present.count
        }
    }

    /// Removes dead letters; returns how many.
    package func dropDeadLetters(
        _ choice: DeadLetterChoice = DeadLetterChoice(),
        caller: Caller
    ) async throws -> Int {
        let session = try await reading.operatorSession(caller)
        let letters = try await chosen(choice, caller.tenant, session)
        return try await session.documents.bookkeep { transaction in
            try letters.filter { try transaction.removeDocument(.deadLetter, id: $0.id) }.count
        }
    }

    private func chosen(
        _ choice: DeadLetterChoice,
        _ tenant: TenantName?,
        _ session: OperatorSession
    ) async throws -> [DeadLetter] {
        try await session.deadLetters()
            .filter { choice.includes($0, of: owner(of: $0, tenant)) }
    }

    /// The owner of its subscription, also when that was deleted.
    private func owner(of letter: DeadLetter, _ tenant: TenantName?) -> Party {
        let key = SubscriptionKey(tenant: tenant, outbox: letter.subscription)
        return subscriptions[key]?.record.owner ?? Party(ofSubscriptionKey: key.id)
    }
}

/// A choice of dead letters: all of them, unless it is restricted.
package struct DeadLetterChoice: Sendable, Equatable {
    package var id: String?
    package var subscription: String?
    /// The name of the party that owns the subscription, `operator` or `anonymous`.
    package var owner: String?

    package init(id: String? = nil, subscription: String? = nil, owner: String? = nil) {
        self.id = id
        self.subscription = subscription
        self.owner = owner
    }

    func includes(_ letter: DeadLetter, of party: Party) -> Bool {
        if let id, letter.id != id { return false }
        if let owner, party.text != owner { return false }
        return subscription.map { $0 == letter.subscriptionID } ?? true
    }
}
