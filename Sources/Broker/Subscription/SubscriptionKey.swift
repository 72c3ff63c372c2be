package import ContextModel
/// The key of a subscription among those of all tenants.
package struct SubscriptionKey: Sendable, Hashable {
    package var tenant: TenantName?
    package var kind = SubscriptionKind.entities
    /// The key of its record: the identifier and the owner.
    package var id: String

    package init(tenant: TenantName?, kind: SubscriptionKind = .entities, id: String) {
        self.tenant = tenant
        self.kind = kind
        self.id = id
    }

    init(_ record: SubscriptionRecord, of tenant: TenantName?) {
        self.init(tenant: tenant, kind: record.kind, id: record.key)
    }
}

extension SubscriptionKey {
    /// The name of the recipient of messages in the outbox.
    package var outbox: String { kind.outboxPrefix + id }

    /// Reads the result of `outbox`.
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

extension SubscriptionKind {
    /// The prefix of identifiers in the outbox, which has recipients of both kinds: a blank is in
    /// no URI.
    fileprivate var outboxPrefix: String {
        switch self {
        case .entities: ""
        case .registrations: "registrations "
        }
    }
}
