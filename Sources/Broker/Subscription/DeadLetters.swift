package import ContextModel
package import Governance
import Storage

/// What the operator can do about notifications given up on. Not part of the standard.
extension Hub {
    /// Notifications given up on, oldest first.
    package func deadLetters(
        _ choice: DeadLetterChoice = DeadLetterChoice(),
        limit: Int,
        caller: Caller
    ) async throws -> [JSONValue] {
        try requireAdministration(caller)
        let letters = try await chosen(choice, try await existingStore(caller.tenant))
        return letters.prefix(limit).map(\.summary)
    }

    /// Puts them into the outbox again; returns how many.
    ///
    /// Those of deleted subscriptions go.
    package func replayDeadLetters(
        _ choice: DeadLetterChoice = DeadLetterChoice(),
        caller: Caller
    ) async throws -> Int {
        try requireAdministration(caller)
        let (store, tenant) = (try await existingStore(caller.tenant), caller.tenant)
        let letters = try await chosen(choice, store)
        return try await store.bookkeep { [subscriptions] transaction in
            let present = try letters.filter {
                try transaction.removeDocument(.deadLetter, id: $0.id)
            }
            for letter in present {
                try subscriptions.feed.enqueue(
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
        try requireAdministration(caller)
        let store = try await existingStore(caller.tenant)
        let letters = try await chosen(choice, store)
        return try await store.bookkeep { transaction in
            try letters.filter { try transaction.removeDocument(.deadLetter, id: $0.id) }.count
        }
    }

    private func chosen(
        _ choice: DeadLetterChoice,
        _ store: any TenantStore
    ) async throws -> [DeadLetter] {
        try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
            .filter { choice.includes($0) }
    }
}

/// Which dead letters are meant: all, unless something narrows it.
package struct DeadLetterChoice: Sendable, Equatable {
    package var id: String?
    package var subscription: String?

    package init(id: String? = nil, subscription: String? = nil) {
        self.id = id
        self.subscription = subscription
    }

    func includes(_ letter: DeadLetter) -> Bool {
        if let id, letter.id != id { return false }
        return subscription.map { $0 == letter.subscriptionID } ?? true
    }
}
