import ContextModel
import Governance
import Logging
package import Storage

/// Checks of stored subscriptions and registrations, without a hub.
extension Document {
    /// The kinds that `refusal` checks.
    package static let kindsToCheck: [Kind] =
        [.registration] + SubscriptionKind.allCases.map(\.documentKind)

    /// A sentence that says why the hub does not use the document; nil when it does.
    ///
    /// A hub may refuse what an earlier version accepted: a pattern, a geometry or a condition
    /// that is too large. Names are read without their `@context`, which makes no difference to
    /// that.
    package var refusal: String? {
        if kind == .registration {
            guard let record = RegistrationRecord(self) else {
                return "The registration '\(id)' is damaged."
            }
            do throws(BrokerError) { _ = try record.registration() } catch {
                return record.refusal(error)
            }
        } else if let kind = SubscriptionKind(kind) {
            guard let record = SubscriptionRecord(self) else {
                return "The subscription '\(id)' is damaged and does not notify."
            }
            let reader = SubscriptionReader(kind: kind, owner: record.owner, context: .core)
            do throws(BrokerError) { _ = try reader.subscription(record.body, id: record.id) } catch
            {
                return record.refusal(error)
            }
        }
        return nil
    }
}

extension SubscriptionRecord {
    func refusal(_ error: BrokerError) -> String {
        "The subscription '\(id)' (\(owner.text)) does not notify: \(error.detail)"
    }
}

extension RegistrationRecord {
    func refusal(_ error: BrokerError) -> String {
        "The registration '\(id)' is not found: \(error.detail)"
    }
}

extension Following {
    /// Logs the registrations that no query can find, with the reason: call it once, at the start.
    package func checkRegistrations() async throws {
        for tenant in [nil] + (await store.tenantNames) + snapshots.stores {
            guard let store = try await store.tenant(tenant) else { continue }
            for document in try await store.documents(.registration) {
                if let refusal = document.refusal { logger.error("\(refusal)") }
            }
        }
    }
}
