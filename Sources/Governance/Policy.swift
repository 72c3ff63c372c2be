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

        func names(_ party: Party) -> Bool {
            switch (self, party) {
            case (.anyone, _): true
            case (.party(let id), .named(let name)): id == name
            case (.service(let name), .service(let other)): name == other
            case (.party, _), (.service, _): false
            }
        }
    }

    package var assignee: Assignee
    package var actions: Set<Action>
    /// The entities it covers.
    package var target: Condition
    /// Attributes that stay invisible, in all entities: also in those that it does not cover.
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

    func names(_ party: Party) -> Bool { assignee.names(party) }
}

/// A rule that hides attributes of some entities from an assignee (ODRL Prohibition).
///
/// The operator sees them nevertheless.
package struct Prohibition: Sendable, Hashable {
    package let assignee: Permission.Assignee
    /// What is hidden in which entities.
    let hidden: HiddenAttributes.Element

    /// `target` says by identifiers, types and scopes in which entities the attributes are hidden.
    ///
    /// It must not look at their attributes: whether something is hidden would tell what these hold.
    package init(assignee: Permission.Assignee, target: Condition, attributes: Set<IRI>) {
        precondition(
            !target.looksAtAttributes,
            "what is hidden is decided by what entities are, and not by what they hold"
        )
        self.assignee = assignee
        hidden = HiddenAttributes.Element(condition: target, names: attributes)
    }
}

/// The rules in force at one moment.
///
/// The operator may do everything; others what a permission permits, less what a prohibition hides.
package struct Policy: Sendable, Hashable {
    package var permissions: [Permission]
    package var prohibitions: [Prohibition]
    /// Everybody but the services is the operator (`--open`): for trying out, on a loopback address only.
    package var isOpen: Bool

    package init(
        permissions: [Permission],
        prohibitions: [Prohibition] = [],
        isOpen: Bool = false
    ) {
        self.permissions = permissions
        self.prohibitions = prohibitions
        self.isOpen = isOpen
    }
}
