package import ContextModel

/// What may be done with the hub's data (ODRL's actions, as few as the hub tells apart).
package enum Action: Sendable, Hashable, CaseIterable {
    case read, write, subscribe
    /// Ask for statistics about people, without reading data about any of them (ODRL's `aggregate`).
    case aggregate
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
        /// Whoever has the role.
        case role(Roles)
        /// Whoever has the role that only policies know: the issuer of its token gave it.
        case otherRole(String)
        /// Whom each of them names.
        case all([Assignee])

        func names(_ caller: Caller) -> Bool {
            switch (self, caller.party) {
            case (.anyone, _): true
            case (.otherRole(let role), _): caller.otherRoles.contains(role)
            case (.all(let assignees), _): assignees.allSatisfy { $0.names(caller) }
            case (.party(let id), .named(let name)): id == name
            case (.service(let name), .service(let other)): name == other
            case (.role(let roles), _): caller.roles.isSuperset(of: roles)
            case (.party, _), (.service, _): false
            }
        }
    }

    package var assignee: Assignee
    package var actions: Set<Action>
    /// The entities it covers.
    package var target: Condition
    /// The classes of data that it covers; the entity's own, whatever the classes of its attributes.
    package var classes = ClassSelection.all
    /// Attributes that stay invisible, in all entities: also in those that it does not cover.
    package var hiddenAttributes: Set<IRI>
    /// What the data may be used for, narrower purposes included; with none it may be used for anything,
    /// but data about people is then not covered.
    package var purposes: [Purpose]
    /// What the use of data about people rests on.
    package var basis: LegalBasis
    /// When it is in force.
    package var validity: Validity
    /// Of statistics, so many people a group has at least to be told of; nil for any number.
    package var smallestGroup: Int?
    /// What it is called in the record and in previews.
    package var name: String?

    package init(
        assignee: Assignee,
        actions: Set<Action>,
        target: Condition,
        hiddenAttributes: Set<IRI> = [],
        purposes: [Purpose] = [],
        basis: LegalBasis = .untilObjected,
        validity: Validity = Validity(),
        name: String? = nil
    ) {
        self.assignee = assignee
        self.actions = actions
        self.target = target
        self.hiddenAttributes = hiddenAttributes
        self.purposes = purposes
        self.basis = basis
        self.validity = validity
        self.name = name
    }

    /// The rule with its classes as a part of its condition.
    func classified(by classification: Classification) -> Permission {
        guard classes != .all else { return self }
        var rule = self
        // A class that the tenant has no more covers nothing.
        rule.target = target.and(classification.test(of: classes) ?? .nothing)
        return rule
    }

    /// Whether it lets the caller do this.
    func permits(_ action: Action, to caller: Caller) -> Bool {
        actions.contains(action) && assignee.names(caller) && isFor(caller.purpose)
    }

    private func isFor(_ purpose: Purpose?) -> Bool {
        guard !purposes.isEmpty else { return true }
        guard let purpose, purpose.isKnown else { return false }
        return purposes.contains(where: purpose.isOrNarrower)
    }
}

/// The time in which a rule is in force: from a moment on, up to another one, which does not belong to it.
package struct Validity: Sendable, Hashable {
    /// nil for always before the end.
    package var from: Timestamp?
    /// nil for ever.
    package var until: Timestamp?

    package init(from: Timestamp? = nil, until: Timestamp? = nil) {
        self.from = from
        self.until = until
    }

    package func contains(_ moment: Timestamp) -> Bool {
        from.map { $0 <= moment } ?? true && until.map { moment < $0 } ?? true
    }
}

/// A rule that hides some entities from an assignee, or attributes of them (ODRL Prohibition).
///
/// The operator sees them nevertheless.
package struct Prohibition: Sendable, Hashable {
    package let assignee: Permission.Assignee
    /// What is hidden in which entities; nil where the entities are hidden themselves.
    private(set) var hidden: HiddenAttributes.Element?
    /// The entities that are hidden.
    package private(set) var hiddenEntities: Condition
    /// The classes of data that it is about; the entity's own, whatever the classes of its attributes.
    package var classes = ClassSelection.all
    /// What the assignee may not do.
    package var actions: Set<Action>
    /// When it is in force.
    package var validity = Validity()
    /// What it is called in the record and in previews.
    package var name: String?
    /// For which purposes, and all that they are a part of or that is a part of them; none for all.
    package var purposes: [Purpose] = []

    /// `target` says by identifiers, types and scopes in which entities the attributes are hidden.
    ///
    /// It must not look at their attributes: whether something is hidden would tell what these hold.
    ///
    /// With a `shaping` the attributes are not hidden, but shown as it makes them.
    package init(
        assignee: Permission.Assignee,
        target: Condition,
        attributes: Set<IRI>,
        shaping: Shaping? = nil
    ) {
        precondition(
            !target.looksAtAttributes,
            "what is hidden is decided by what entities are, and not by what they hold"
        )
        self.assignee = assignee
        hidden = HiddenAttributes.Element(
            condition: target,
            names: attributes,
            shaping: shaping
        )
        hiddenEntities = .nothing
        actions = Set(Action.allCases)
    }

    /// Hides the entities of the target, whatever a permission says.
    package init(assignee: Permission.Assignee, target: Condition, actions: Set<Action>) {
        self.assignee = assignee
        hidden = nil
        hiddenEntities = target
        self.actions = actions
    }

    /// The entities that it is about.
    package var target: Condition { hidden?.condition ?? hiddenEntities }

    /// The attributes that it hides or shapes; none where it hides the entities themselves.
    package var attributes: Set<IRI> { hidden?.names ?? [] }

    /// What it makes of the attributes; nil where it hides them.
    package var shaping: Shaping? { hidden?.shaping }

    /// The rule with its classes as a part of its condition.
    func classified(by classification: Classification) -> Prohibition {
        guard classes != .all else { return self }
        var rule = self
        // What is about a class that the tenant has no more is about everything.
        let test = classification.test(of: classes) ?? .everything
        rule.hidden = hidden.map {
            .init(condition: $0.condition.and(test), names: $0.names, shaping: $0.shaping)
        }
        rule.hiddenEntities = hiddenEntities.and(test)
        return rule
    }

    /// Whether it keeps the caller from doing this.
    func keeps(_ caller: Caller, from action: Action) -> Bool {
        actions.contains(action) && concerns(caller)
    }

    /// Whether it is about the caller and what it wants data for.
    func concerns(_ caller: Caller) -> Bool {
        guard assignee.names(caller) else { return false }
        guard !purposes.isEmpty, let purpose = caller.purpose else { return true }
        return !purpose.isKnown
            || purposes.contains {
                $0.isOrNarrower(than: purpose) || purpose.isOrNarrower(than: $0)
            }
    }
}

/// The rules in force at one moment.
///
/// The operator may do everything; others what a permission permits, less what a prohibition hides.
package struct Policy: Sendable {
    package var permissions: [Permission] { didSet { index = nil } }
    package var prohibitions: [Prohibition] { didSet { index = nil } }
    /// What the data is; nil where that is not known yet, and so nobody may read anything.
    package var classification: Classification? { didSet { index = nil } }
    /// What people have chosen; nil for nothing.
    package var choices: ChoiceBook? { didSet { index = nil } }
    /// Everybody but the services is the operator (`--open`): for trying out, on a loopback address only.
    package var isOpen: Bool { didSet { index = nil } }
    /// Finds the rules about a caller, and what was decided for others like it, where the policy was made
    /// ready for many decisions.
    private(set) var index: RuleIndex?

    package init(
        permissions: [Permission],
        prohibitions: [Prohibition] = [],
        classification: Classification? = Classification(),
        choices: ChoiceBook? = nil,
        isOpen: Bool = false
    ) {
        self.permissions = permissions
        self.prohibitions = prohibitions
        self.classification = classification
        self.choices = choices
        self.isOpen = isOpen
    }

    /// The policy made ready for many decisions, which then look at the rules about their callers alone.
    package var indexed: Policy {
        var policy = self
        policy.index = RuleIndex(permissions, prohibitions)
        return policy
    }

    /// The permissions that may let the caller do something; those that do are among them.
    func permissions(for caller: Caller) -> [Permission] {
        index?.permissions(for: caller) ?? permissions
    }

    /// The permissions that may hide attributes from somebody; those that do are among them.
    var hidingPermissions: [Permission] { index?.hidingPermissions ?? permissions }

    /// The prohibitions that may be about the caller; those that are, are among them.
    func prohibitions(for caller: Caller) -> [Prohibition] {
        index?.prohibitions(for: caller) ?? prohibitions
    }
}

extension Policy {
    /// The known purposes for which permissions let the caller read, whatever purpose it asks with now; by their texts.
    package func purposes(of caller: Caller) -> [Purpose] {
        let rules = permissions.filter { $0.actions.contains(.read) && $0.assignee.names(caller) }
        return Set(rules.flatMap(\.purposes)).filter(\.isKnown).sorted { $0.text < $1.text }
    }
}

extension Policy: Hashable {
    package static func == (a: Policy, b: Policy) -> Bool {
        a.permissions == b.permissions && a.prohibitions == b.prohibitions
            && a.classification == b.classification && a.choices == b.choices
            && a.isOpen == b.isOpen
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(permissions)
        hasher.combine(prohibitions)
        hasher.combine(classification)
    }
}
