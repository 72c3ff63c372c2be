import ContextModel
package import Governance
import Storage

/// What the operator can do about notifications given up on. Not part of the standard.
extension Subscribing {
    /// Notifications given up on, oldest first.
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

    /// Puts them into the outbox again; returns how many.
    ///
    /// Those of deleted subscriptions go.
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

    /// Removes them for good; returns how many.
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

    /// Whose subscription it was for; what a deleted one was kept under tells it.
    private func owner(of letter: DeadLetter, _ tenant: TenantName?) -> Party {
        let key = SubscriptionKey(tenant: tenant, outbox: letter.subscription)
        return subscriptions[key]?.record.owner ?? Party(ofSubscriptionKey: key.id)
    }
}

/// Which dead letters are meant: all, unless something narrows it.
package struct DeadLetterChoice: Sendable, Equatable {
    package var id: String?
    package var subscription: String?
    /// The name of the party whose subscription it was for, `operator` or `anonymous`.
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
