package import ContextModel

/// What may be done with the hub's data (ODRL's actions, as few as the hub tells apart).
package enum Action: Sendable, Hashable, CaseIterable {
    case read, write, subscribe
    /// See how much the hub does: its figures count what is hidden, too.
    case measure
}

/// A rule that lets an assignee act on a target (ODRL Permission).
///
/// Whatever no rule permits is denied.
package struct Permission: Sendable, Hashable {
    /// Whom a permission names.
    package enum Assignee: Sendable, Hashable {
        /// Everybody, also without a token.
        case anyone
        case party(PartyID)
        case service(ServiceName)
    }

    package var assignee: Assignee
    package var actions: Set<Action>
    /// The entities it covers.
    package var target: Condition
    /// Attributes of those entities that stay invisible.
    package var hiddenAttributes: Set<IRI>

    package init(
        assignee: Assignee,
        actions: Set<Action>,
        target: Condition,
        hiddenAttributes: Set<IRI> = []
    ) {
        self.assignee = assignee
        self.actions = actions
        self.target = target
        self.hiddenAttributes = hiddenAttributes
    }

    func names(_ party: Party) -> Bool {
        switch (assignee, party) {
        case (.anyone, _): true
        case (.party(let id), .named(let name)): id == name
        case (.service(let name), .service(let other)): name == other
        case (.party, _), (.service, _): false
        }
    }
}

/// The rules in force at one moment.
///
/// The operator may do everything; others what a rule permits.
package struct Policy: Sendable, Hashable {
    package var permissions: [Permission]
    /// Everybody but the services is the operator (`--open`): for trying out, on a loopback address only.
    package var isOpen: Bool

    package init(permissions: [Permission], isOpen: Bool = false) {
        self.permissions = permissions
        self.isOpen = isOpen
    }
}
