package import Storage

/// The kind of a subscription: to changes of entities (clause 5.8) or of context source
/// registrations (clause 5.11).
package enum SubscriptionKind: Sendable, Hashable, CaseIterable {
    case entities, registrations

    /// The kind of document in which subscriptions are stored.
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
}
