package import ContextModel

extension PolicyDifference {
    /// The difference that another classification makes from a moment on.
    ///
    /// It is worked out for each type whose rule, or whose class, is another one, for entities of this type
    /// alone: of one with several types more may be needed than is told.
    package init(
        reclassifying rules: TenantRules,
        as new: Classification,
        under common: Policy,
        at now: Timestamp
    ) {
        self.init()
        let old = rules.classification
        let types = old.changedTypes(in: new)
        guard !types.isEmpty else { return }
        var after = rules
        after.classification = new
        let permissions = common.permissions + rules.permissions
        let prohibitions = common.prohibitions + rules.prohibitions
        let space = CallerSpace(
            [.anyone],
            // Who runs the hub sees what is not about people.
            assignees: permissions.map(\.assignee) + prohibitions.map(\.assignee)
                + [.role(.admin)],
            purposes: permissions.flatMap(\.purposes) + prohibitions.flatMap(\.purposes),
            moments: rules.moments.filter { $0 > now },
            now
        )
        isComplete = space.isComplete
        for time in space.times {
            let start = time.from ?? now
            let policies = (
                rules.policy(under: common, at: start), after.policy(under: common, at: start)
            )
            for party in space.parties {
                for roles in space.roles {
                    for purpose in space.purposes {
                        let cell = Cell(
                            party: party,
                            roles: roles.own,
                            otherRoles: roles.other,
                            purpose: purpose,
                            time: time
                        )
                        guard hasRoom else {
                            isComplete = false
                            return
                        }
                        cells.append(cell)
                        for type in types { compare(policies.0, policies.1, cell, of: type) }
                    }
                }
            }
        }
    }

    private mutating func compare(_ old: Policy, _ new: Policy, _ cell: Cell, of type: IRI) {
        for action in [Action.read, .subscribe, .aggregate] {
            let (was, becomes) = (
                old.view(of: type, cell, action), new.view(of: type, cell, action)
            )
            let gained = becomes.condition.without(was.condition)
            let lost = was.condition.without(becomes.condition)
            add(.gains, gained, [], action, cell, of: type)
            add(.loses, lost, [], action, cell, of: type)
            let both = was.condition.and(becomes.condition)
            for name in was.hidden.names.union(becomes.hidden.names) {
                let (hidden, hides) = (was.hidden.hiding(name), becomes.hidden.hiding(name))
                add(.gains, both.and(hidden.without(hides)), [name], action, cell, of: type)
                add(.loses, both.and(hides.without(hidden)), [name], action, cell, of: type)
            }
        }
    }

    private mutating func add(
        _ effect: Effect,
        _ entities: Condition,
        _ attributes: Set<IRI>,
        _ action: Action,
        _ cell: Cell,
        of type: IRI
    ) {
        guard entities.canHold else { return }
        entries.append(
            Entry(
                cell: cell,
                effect: effect,
                action: action,
                entities: Condition.type(type).and(entities),
                attributes: attributes,
                targets: [.type(type)],
                policies: []
            )
        )
    }
}

extension Policy {
    /// What the caller sees of entities of one type.
    fileprivate func view(
        of type: IRI,
        _ cell: PolicyDifference.Cell,
        _ action: Action
    ) -> View {
        guard let classification else {
            return View(condition: .nothing, hidden: HiddenAttributes())
        }
        var rights = SubjectRights(of: cell.caller, classification.only(type), choices)
        let view = readView(of: cell.caller, action, &rights)
        let hidden = HiddenAttributes(
            everywhere: view.hidden.everywhere,
            elements: (view.hidden.elements + view.hidden.shaped).map { element in
                HiddenAttributes.Element(
                    condition: element.condition.of(type),
                    names: element.names,
                    shaping: element.shaping
                )
            }
        )
        return View(condition: view.condition.of(type), hidden: hidden)
    }
}

extension Classification {
    /// The types of which something else is said than by the other one.
    fileprivate func changedTypes(in other: Classification) -> [IRI] {
        Set(types.keys).union(other.types.keys).filter { types[$0] != other.types[$0] }
            .sorted { $0.text < $1.text }
    }

    /// What is said of one type.
    fileprivate func only(_ type: IRI) -> Classification {
        Classification(types.filter { $0.key == type }, classes: classes)
    }
}

extension Condition {
    /// The condition as it is for entities of one type.
    fileprivate func of(_ type: IRI) -> Condition {
        switch self {
        case .all(let parts): return parts.reduce(.everything) { $0.and($1.of(type)) }
        case .any(let parts): return .any(of: parts.map { $0.of(type) })
        case .not(let part):
            let part = part.of(type)
            return part == .everything ? .nothing : part == .nothing ? .everything : .not(part)
        case .type(let other): return other == type ? .everything : .nothing
        case .decided(let decision):
            guard let answer = decision.decider.holds(forTypes: [type]) else { return self }
            return answer ? .everything : .nothing
        default: return self
        }
    }
}
