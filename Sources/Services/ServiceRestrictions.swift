package import ContextModel
package import Governance

/// An operator's restrictions of a service: each can only take from the rights that the module
/// declares.
package struct ServiceRestrictions: Sendable, Hashable {
    /// Whether the hub runs the service at all.
    package var isEnabled = true
    /// The actions that remain; nil for all that its module declares.
    package var actions: Set<Action>?
    /// The entities to which its rights are restricted.
    package var target = Condition.everything
    /// Attributes to be hidden from it, besides those that its module declares.
    package var hiddenAttributes: Set<IRI> = []

    package init() {}
}

extension ServiceModule {
    /// The permissions of the service's own party that its rights are in the policy, after the
    /// operator's restrictions.
    ///
    /// A right without any action left still hides its attributes: what one right hides, no other
    /// shows.
    package func permissions(
        within restrictions: ServiceRestrictions = ServiceRestrictions()
    ) -> [Permission] {
        let actions = restrictions.isEnabled ? restrictions.actions : []
        return rights.map { right in
            Permission(
                assignee: .service(name),
                actions: actions.map(right.actions.intersection) ?? right.actions,
                target: right.target.and(restrictions.target),
                hiddenAttributes: right.hiddenAttributes.union(restrictions.hiddenAttributes)
            )
        }
    }
}

extension Policy {
    /// A description of the service's rights under this policy, one line for each.
    package func summary(of service: ServiceName) -> [String] {
        permissions.filter {
            $0.assignee == .service(service) && !$0.actions.isEmpty && $0.target != .nothing
        }.map(\.summary)
    }
}

extension Permission {
    /// A description of the permission: `read, write: LampReport or Streetlight, without
    /// reporter`.
    fileprivate var summary: String {
        let verbs = actions.map { "\($0)" }.sorted().joined(separator: ", ")
        let hidden = hiddenAttributes.map { LDContext.core.compact($0) }.sorted()
        let reach = "\(verbs): \(target.summary)"
        return hidden.isEmpty ? reach : reach + ", without " + hidden.joined(separator: ", ")
    }
}

extension Condition {
    /// A description of the entities that match, as far as types and scopes tell.
    fileprivate var summary: String {
        switch self {
        case .everything: "every entity"
        case .nothing: "no entity"
        case .type(let type): LDContext.core.compact(type)
        case .scope(let pattern): "in /" + pattern.segments.joined(separator: "/")
        case .any(let parts): parts.map(\.summary).joined(separator: " or ")
        case .all(let parts):
            parts.map { part in
                if case .any = part { "(\(part.summary))" } else { part.summary }
            }.joined(separator: " and ")
        default: "some entities"
        }
    }
}
