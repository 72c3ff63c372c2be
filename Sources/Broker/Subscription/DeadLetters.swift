package import ContextModel
package import Governance
import Storage

/// What the operator can do about notifications given up on. Not part of the standard.
extension Hub {
    /// Notifications given up on, oldest first.
    package func deadLetters(limit: Int, caller: Caller) async throws -> [JSONValue] {
        try requireAdministration(caller)
        return try await existingStore(caller.tenant).documents(.deadLetter).prefix(limit)
            .compactMap { DeadLetter($0)?.summary }
    }

    /// Puts them into the outbox again; returns how many.
    ///
    /// Those of deleted subscriptions go.
    package func replayDeadLetters(caller: Caller) async throws -> Int {
        try requireAdministration(caller)
        let store = try await existingStore(caller.tenant)
        let letters = try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
        try await store.bookkeep { transaction in
            for letter in letters where try transaction.removeDocument(.deadLetter, id: letter.id) {
                try transaction.enqueue(
                    subscription: letter.subscription,
                    body: letter.message,
                    at: letter.enqueuedAt
                )
            }
        }
        for letter in letters {
            subscriptions.wake(.init(tenant: caller.tenant, outbox: letter.subscription))
        }
        return letters.count
    }
}
