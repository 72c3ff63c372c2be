package import ContextModel

/// The verdict on a request to read.
package enum ReadDecision: Sendable {
    case grant(ReadGrant)
    case deny(DenyReason)
}

/// The verdict on a request to write.
package enum WriteDecision: Sendable {
    case grant(WriteGrant)
    case deny(DenyReason)
}

/// Why a request was denied.
package enum DenyReason: Sendable, Hashable {
    /// A token is missing; with one the answer might differ.
    case unauthenticated
    /// The party is known and may not do this.
    case forbidden
    /// The request filters or sorts by an attribute the reader may not see.
    case hiddenAttribute(IRI)
    /// What the data is, and what people have chosen, is not known yet.
    case notReady
}

extension Policy {
    /// Decides a read.
    ///
    /// `condition` is what the caller filters by and `sortedBy` what it sorts by: a filter on an
    /// attribute that is hidden everywhere can find nothing, so it is refused here. Of one that is
    /// hidden in some entities, these have none for the caller (`ReadGrant.restricted`).
    package func decideRead(
        _ caller: Caller,
        action: Action = .read,
        condition: Condition = .everything,
        sortedBy: [IRI] = []
    ) -> ReadDecision {
        guard let rights = readRights(of: caller, action) else { return .deny(.notReady) }
        let hidden = rights.view.hidden
        if let name = hidden.forbidden(in: condition, sortedBy, action) {
            return .deny(.hiddenAttribute(name))
        }
        // Nobody learns whether data exists that no rule lets them see: an empty view, not a 403.
        // A statistic is no disclosure of single persons: it is charged to a budget instead.
        guard let noting = rights.noting, action != .aggregate else {
            return .grant(
                ReadGrant(
                    condition: rights.view.condition,
                    hidden: hidden,
                    sharer: caller.sharer,
                    smallestGroup: action == .aggregate ? smallestGroup(for: caller) : nil
                )
            )
        }
        let notes = DisclosureNotes(choices)
        let view = noting(notes)
        return .grant(
            ReadGrant(
                condition: view.condition,
                hidden: view.hidden,
                sharer: caller.sharer,
                notes
            )
        )
    }

    /// What a subscriber may be told of, to find the changes that notify it; nil where it may not subscribe.
    ///
    /// It is no right to read: whom a notification tells of is noted by the grant that reads for it.
    package func viewOfSubscriber(_ caller: Caller, condition: Condition) -> View? {
        guard let view = readRights(of: caller, .subscribe)?.view,
            view.hidden.forbidden(in: condition, [], .subscribe) == nil
        else { return nil }
        return view
    }

    /// So many people a group has at least in a statistic for the caller: of several rules the strictest
    /// counts, as with what they hide.
    func smallestGroup(for caller: Caller) -> Int? {
        caller.each.flatMap { caller in
            permissions(for: caller).filter { $0.permits(.aggregate, to: caller) }
                .compactMap(\.smallestGroup)
        }
        .max()
    }

    /// What a caller sees or changes: the entities, and what is hidden in them.
    package struct View: Sendable {
        package var condition: Condition
        package var hidden: HiddenAttributes

        /// All of everything.
        package static let everything = View(condition: .everything, hidden: HiddenAttributes())

        /// What is in all of them, without what is hidden in any; there is one at least.
        static func meet(of views: [View]) -> View {
            views.dropFirst().reduce(views[0]) { meet, view in
                View(
                    condition: meet.condition.and(view.condition),
                    hidden: meet.hidden.adding(view.hidden)
                )
            }
        }
    }

    /// What callers of one kind may read: the same for each of their requests, as long as the policy is in
    /// force.
    final class ReadRights: Sendable {
        let view: View
        /// Where it depends on what people chose: makes the view that notes whom it lets through.
        let noting: Noting<View>?

        init(_ view: View) {
            self.view = view
            noting = view.noting
        }
    }

    /// What the caller may read, kept where the policy was made ready for many decisions; nil as long as it
    /// is not known what the data is.
    private func readRights(of caller: Caller, _ action: Action) -> ReadRights? {
        guard let classification else { return nil }
        guard let index else { return makeReadRights(of: caller, action, classification) }
        return index.rights.of(CallerKind(caller, action)) {
            makeReadRights(of: caller, action, classification)
        }
    }

    private func makeReadRights(
        of caller: Caller,
        _ action: Action,
        _ classification: Classification
    ) -> ReadRights {
        // What is told later is told in the party's own right alone, so nobody subscribes in another's place.
        // What may cross a border is decided for each request, and not for what is told later.
        if action == .subscribe, caller.isHub || !caller.principals.isEmpty {
            return ReadRights(View(condition: .nothing, hidden: HiddenAttributes()))
        }
        let views = caller.each.map { caller in
            let rules = permissions(for: caller).filter { $0.permits(action, to: caller) }
            var rights = SubjectRights(of: caller, classification, choices, by: rules)
            return readView(of: caller, action, &rights)
        }
        return ReadRights(View.meet(of: views).without(caller.barred, classification))
    }

    /// What the caller may read, or be told of.
    func readView(
        of caller: Caller,
        _ action: Action,
        _ rights: inout SubjectRights
    ) -> View {
        let rules = permissions(for: caller).filter { $0.permits(action, to: caller) }
        let isAdministrator = permitsAdministration(caller)
        let hidden = (isAdministrator ? HiddenAttributes() : hidden(from: caller))
            .adding(rights.hiddenAttributes(except: rules))
        // Rules that cover the same data about people ask for these people's choices once.
        var targets: [(data: Condition, of: [Condition])] = []
        for rule in rules {
            let data = rights.data(under: rule)
            if let place = targets.firstIndex(where: { $0.data == data }) {
                targets[place].of.append(rule.target)
            } else {
                targets.append((data, [rule.target]))
            }
        }
        let seen = targets.map { Condition.any(of: $0.of).and($0.data) }
        let view = Condition.any(of: isAdministrator ? [rights.ordinaryData] + seen : seen)
        guard !isAdministrator else { return View(condition: view, hidden: hidden) }
        return View(condition: view.without(prohibited(action, caller)), hidden: hidden)
    }

    /// What the caller may change; nil where no rule lets it change anything.
    func writeView(of caller: Caller) -> View? {
        var views: [View] = []
        for caller in caller.each {
            guard let view = ownWriteView(of: caller) else { return nil }
            views.append(view)
        }
        let view = View.meet(of: views)
        return classification.map { view.without(caller.barred, $0) } ?? view
    }

    private func ownWriteView(of caller: Caller) -> View? {
        if permitsAdministration(caller) {
            return View(condition: .everything, hidden: HiddenAttributes())
        }
        let rules = permissions(for: caller).filter { $0.permits(.write, to: caller) }
        guard !rules.isEmpty else { return nil }
        let view = Condition.any(of: rules.map(\.target))
        return View(
            condition: view.without(prohibited(.write, caller)),
            hidden: hidden(from: caller)
        )
    }

    /// The entities with which prohibitions keep the caller from doing this.
    private func prohibited(_ action: Action, _ caller: Caller) -> Condition {
        .any(
            of: prohibitions(for: caller).filter { $0.keeps(caller, from: action) }
                .map(\.hiddenEntities)
        )
    }

    /// An attribute hidden by one rule stays hidden, whatever another rule says.
    ///
    /// What a permission hides is hidden in all entities, also in those that it is not about, and for
    /// all that the party does: who may only read is notified of no more than that. A prohibition hides
    /// in the entities that it is about.
    private func hidden(from caller: Caller) -> HiddenAttributes {
        let everywhere = hidingPermissions.filter { $0.assignee.names(caller) }
            .reduce(into: Set<IRI>()) { $0.formUnion($1.hiddenAttributes) }
        return HiddenAttributes(
            everywhere: everywhere,
            elements: prohibitions(for: caller).filter { $0.concerns(caller) }.compactMap(\.hidden)
        )
    }

    /// Decides a change to city data.
    package func decideWrite(_ caller: Caller) -> WriteDecision {
        guard classification != nil else { return .deny(.notReady) }
        guard let view = writeView(of: caller) else {
            return .deny(caller.party == .anonymous ? .unauthenticated : .forbidden)
        }
        return .grant(
            WriteGrant(condition: view.condition, hidden: view.hidden, sharer: caller.sharer)
        )
    }

    /// Why the caller may not see how much the hub does; nil when it may.
    package func refusalOfMeasures(to caller: Caller) -> DenyReason? {
        guard case .deny(let reason) = decideAdministration(caller) else { return nil }
        let isPermitted = caller.each.allSatisfy { caller in
            permissions.contains { $0.permits(.measure, to: caller) }
        }
        return isPermitted ? nil : reason
    }

    /// Why the caller may ask for no statistic about people; nil when a permission about people lets it.
    ///
    /// To run the hub is no such permission.
    package func refusalOfStatistics(to caller: Caller) -> DenyReason? {
        let isPermitted = caller.each.allSatisfy { caller in
            permissions.contains { $0.permits(.aggregate, to: caller) && !$0.purposes.isEmpty }
        }
        if isPermitted { return nil }
        return caller.party == .anonymous ? .unauthenticated : .forbidden
    }

    /// Decides whether the caller may see or change how the hub itself is set up.
    ///
    /// In an open hub everybody who asks may. A service of the city never does: its rights are what its
    /// module and the configuration say.
    package func permitsAdministration(_ caller: Caller) -> Bool {
        switch caller.party {
        case .operator: true
        case .service: false
        case .anonymous, .named: isOpen || caller.roles.contains(.admin)
        }
    }

    /// Decides a look at what the hub keeps for whoever runs it: dead letters, registrations.
    package func decideAdministration(_ caller: Caller) -> ReadDecision {
        guard permitsAdministration(caller) else {
            return .deny(caller.party == .anonymous ? .unauthenticated : .forbidden)
        }
        return .grant(
            ReadGrant(condition: .everything, hidden: HiddenAttributes(), sharer: caller.sharer)
        )
    }
}

extension HiddenAttributes {
    /// A name that the condition or the order looks at, and that the reader may not; nil where there is none.
    fileprivate func forbidden(
        in condition: Condition,
        _ sortedBy: [IRI],
        _ action: Action
    ) -> IRI? {
        let names = condition.attributeNames + sortedBy
        if let name = names.first(where: everywhere.contains) { return name }
        // Subscriptions are matched against what changed as it is, and so against the time of
        // changes that are hidden.
        let isRisky = action == .subscribe && !isEmpty && condition.testsModification
        return isRisky ? IRI("modifiedAt") : nil
    }
}

extension Condition {
    /// The entities of these that are not among the others.
    func without(_ others: Condition) -> Condition {
        others == .nothing ? self : others == .everything ? .nothing : and(.not(others))
    }
}

extension PolicyDifference.Entry {
    /// The right to count the entities in question: it shows no attribute, and no use but counting may be
    /// made of it.
    package var countGrant: ReadGrant {
        ReadGrant(
            condition: entities,
            hidden: HiddenAttributes(),
            sharer: Caller(party: .operator).sharer
        )
    }
}
