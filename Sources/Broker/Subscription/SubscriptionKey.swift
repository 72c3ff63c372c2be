package import ContextModel
/// Names a subscription among those of all tenants.
package struct SubscriptionKey: Sendable, Hashable {
    package var tenant: TenantName?
    package var kind = SubscriptionKind.entities
    /// What its record is kept under: the identifier with whose it is.
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

extension SubscriptionKind {
    /// What identifiers of the kind have before them in the outbox, where both kinds wait: a blank
    /// is in no URI.
    fileprivate var outboxPrefix: String {
        switch self {
        case .entities: ""
        case .registrations: "registrations "
        }
    }
}
