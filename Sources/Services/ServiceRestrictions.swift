package import ContextModel
package import Governance

/// What the operator leaves of a service: each member can only take from what the module says.
package struct ServiceRestrictions: Sendable, Hashable {
    /// Whether the hub runs the service at all.
    package var isEnabled = true
    /// What it may still do; nil for all that its module names.
    package var actions: Set<Action>?
    /// The entities that its rights cover at most.
    package var target = Condition.everything
    /// Attributes that are invisible to it besides those that its module names.
    package var hiddenAttributes: Set<IRI> = []

    package init() {}
}

extension ServiceModule {
    /// The permissions that its rights are in the policy, as far as the operator leaves them: of its own
    /// party and no other.
    ///
    /// A right of which nothing is left still hides its attributes: what one right hides, no other shows.
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
    /// What the service may do by this policy, for people: a line for each right of its own.
    package func summary(of service: ServiceName) -> [String] {
        permissions.filter {
            $0.assignee == .service(service) && !$0.actions.isEmpty && $0.target != .nothing
        }.map(\.summary)
    }
}

extension Permission {
    /// What it permits, for people: `read, write: LampReport or Streetlight, without reporter`.
    fileprivate var summary: String {
        let verbs = actions.map { "\($0)" }.sorted().joined(separator: ", ")
        let hidden = hiddenAttributes.map { LDContext.core.compact($0) }.sorted()
        let reach = "\(verbs): \(target.summary)"
        return hidden.isEmpty ? reach : reach + ", without " + hidden.joined(separator: ", ")
    }
}

extension Condition {
    /// Which entities meet it, for people, as far as types and scopes say.
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
