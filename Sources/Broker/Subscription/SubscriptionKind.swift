package import ContextModel
package import Storage

/// What a subscription is to: changes of entities (clause 5.8) or of context source registrations
/// (clause 5.11).
package enum SubscriptionKind: Sendable, Hashable, CaseIterable {
    case entities, registrations

    /// How subscriptions of the kind are kept.
    package var documentKind: Document.Kind {
        switch self {
        case .entities: .subscription
        case .registrations: .registrationSubscription
        }
    }

    package init?(_ kind: Document.Kind) {
        guard let found = Self.allCases.first(where: { $0.documentKind == kind }) else {
            return nil
        }
        self = found
    }

    /// What identifiers of the kind have before them in the outbox, where both kinds wait: a blank
    /// is in no URI.
    fileprivate var outboxPrefix: String {
        switch self {
        case .entities: ""
        case .registrations: "registrations "
        }
    }
}

extension SubscriptionMatcher.Key {
    /// The name under which notifications wait in the outbox.
    package var outbox: String { kind.outboxPrefix + id }

    /// Reads what `outbox` made.
    package init(tenant: TenantName?, outbox: String) {
        let prefix = SubscriptionKind.registrations.outboxPrefix
        let isToRegistrations = outbox.hasPrefix(prefix)
        self.init(
            tenant: tenant,
            kind: isToRegistrations ? .registrations : .entities,
            id: isToRegistrations ? String(outbox.dropFirst(prefix.count)) : outbox
        )
    }
}
