package import ContextModel

/// What another set of rules in the place of those in force changes: who can newly do what, or no longer.
///
/// Whoever asks is of one of finitely many cells, in each of which the rules decide alike: by the parties,
/// roles, purposes and moments that the rules name. For each the difference is worked out on the rules
/// themselves, as a condition that holds for the entities in question.
package struct PolicyDifference: Sendable {
    /// Callers, and a time, for which the rules decide alike.
    package struct Cell: Sendable, Hashable {
        package var party: Party
        package var roles: Roles
        package var otherRoles: Set<String>
        /// The widest purpose of the cell; nil for none.
        package var purpose: Purpose?
        /// From now on or a later moment, until the rules decide otherwise.
        package var time: Validity
    }

    package enum Effect: Sendable, Hashable { case gains, loses }

    /// One thing that callers of a cell can newly do, or no longer.
    package struct Entry: Sendable {
        package let cell: Cell
        package let effect: Effect
        package let action: Action
        /// The entities in question.
        package let entities: Condition
        /// The attributes of these in question; none for the entities themselves.
        package let attributes: Set<IRI>
        /// The targets of the rules that make the difference.
        package let targets: [Condition]
        /// The policies of these rules.
        package let policies: Set<String>
    }

    package internal(set) var cells: [Cell] = []
    package internal(set) var entries: [Entry] = []
    /// Whether every cell was looked at.
    package internal(set) var isComplete = true

    /// No difference.
    init() {}

    /// Whether more may be told.
    var hasRoom: Bool {
        cells.count < Self.maximumCells && entries.count < Self.maximumEntries
    }

    /// Cells that are looked at, and differences that are told of, at most.
    package static let maximumCells = 5_000
    package static let maximumEntries = 500
    /// The party that stands for all that no rule names.
    package static let otherParty = PartyID("urn:balai:party:any-other")

    /// The difference from a moment on.
    package init(
        from before: TenantRules,
        to after: TenantRules,
        under common: Policy,
        at now: Timestamp
    ) {
        let changed = ChangedRules(before, after)
        guard !changed.isEmpty else { return }
        let space = CallerSpace(
            changed.assignees,
            assignees: common.permissions.map(\.assignee) + common.prohibitions.map(\.assignee)
                + before.assignees + after.assignees,
            purposes: (common.permissions + before.permissions + after.permissions)
                .flatMap(\.purposes)
                + (common.prohibitions + before.prohibitions + after.prohibitions)
                .flatMap(\.purposes),
            moments: (before.moments + after.moments).filter { $0 > now },
            now
        )
        isComplete = space.isComplete
        for time in space.times {
            let start = time.from ?? now
            let old = before.policy(under: common, at: start)
            let new = after.policy(under: common, at: start)
            for party in space.parties {
                for roles in space.roles {
                    for purpose in space.purposes {
                        guard hasRoom else {
                            isComplete = false
                            return
                        }
                        let cell = Cell(
                            party: party,
                            roles: roles.own,
                            otherRoles: roles.other,
                            purpose: purpose,
                            time: time
                        )
                        cells.append(cell)
                        compare(old, new, cell, changed, start)
                    }
                }
            }
        }
    }

    // MARK: One cell

    private mutating func compare(
        _ old: Policy,
        _ new: Policy,
        _ cell: Cell,
        _ changed: ChangedRules,
        _ now: Timestamp
    ) {
        let caller = cell.caller
        guard let classification = new.classification else { return }
        // The same terms about people in both, so that they can be told to be the same.
        var rights = SubjectRights(of: caller, classification, new.choices)
        for action in [Action.read, .subscribe, .aggregate] {
            compare(
                old.readView(of: caller, action, &rights),
                new.readView(of: caller, action, &rights),
                action,
                cell,
                changed,
                now
            )
        }
        let groups = (old.smallestGroup(for: caller) ?? 1, new.smallestGroup(for: caller) ?? 1)
        if groups.0 != groups.1 {
            let both = old.readView(of: caller, .aggregate, &rights).condition
                .and(new.readView(of: caller, .aggregate, &rights).condition)
            let effect = groups.1 < groups.0 ? Effect.gains : .loses
            add(effect, both, [], .aggregate, cell, changed, now)
        }
        let nothing = Policy.View(condition: .nothing, hidden: HiddenAttributes())
        compare(
            old.writeView(of: caller) ?? nothing,
            new.writeView(of: caller) ?? nothing,
            .write,
            cell,
            changed,
            now
        )
    }

    private mutating func compare(
        _ old: Policy.View,
        _ new: Policy.View,
        _ action: Action,
        _ cell: Cell,
        _ changed: ChangedRules,
        _ now: Timestamp
    ) {
        if old.condition != new.condition {
            add(.gains, new.condition.without(old.condition), [], action, cell, changed, now)
            add(.loses, old.condition.without(new.condition), [], action, cell, changed, now)
        }
        guard old.hidden != new.hidden else { return }
        let both = new.condition.and(old.condition)
        var found: [Condition: [Effect: Set<IRI>]] = [:]
        for name in old.hidden.names.union(new.hidden.names) {
            let (was, becomes) = (old.hidden.hiding(name), new.hidden.hiding(name))
            if was != becomes {
                found[was.without(becomes), default: [:]][.gains, default: []].insert(name)
                found[becomes.without(was), default: [:]][.loses, default: []].insert(name)
            }
            // Of two shapes nobody can say which one tells more: the old one is lost, the new one gained.
            for shaping in old.hidden.shapings(of: name).union(new.hidden.shapings(of: name)) {
                let before = old.hidden.shaping(name, as: shaping)
                let after = new.hidden.shaping(name, as: shaping)
                guard before != after else { continue }
                let (gained, lost) = (before.without(after), after.without(before))
                found[gained.without(becomes), default: [:]][.gains, default: []].insert(name)
                found[lost.without(was), default: [:]][.loses, default: []].insert(name)
            }
        }
        for (condition, effects) in found {
            for (effect, names) in effects {
                add(effect, both.and(condition), names, action, cell, changed, now)
            }
        }
    }

    private mutating func add(
        _ effect: Effect,
        _ entities: Condition,
        _ attributes: Set<IRI>,
        _ action: Action,
        _ cell: Cell,
        _ changed: ChangedRules,
        _ now: Timestamp
    ) {
        guard entities.canHold else { return }
        let caller = cell.caller
        let permissions = (effect == .gains ? changed.newPermissions : changed.oldPermissions)
            .filter {
                $0.validity.contains(now) && $0.permits(action, to: caller)
                    && $0.target.and(entities).canHold
            }
        let prohibitions = (effect == .gains ? changed.oldProhibitions : changed.newProhibitions)
            .filter {
                $0.validity.contains(now) && $0.concerns(caller)
                    && $0.target.and(entities).canHold
            }
        var targets: [Condition] = []
        for target in permissions.map(\.target) + prohibitions.map(\.target)
        where !targets.contains(target) {
            targets.append(target)
        }
        entries.append(
            Entry(
                cell: cell,
                effect: effect,
                action: action,
                entities: entities,
                attributes: attributes,
                targets: targets,
                policies: Set(permissions.compactMap(\.name) + prohibitions.compactMap(\.name))
            )
        )
    }
}

extension PolicyDifference.Cell {
    /// One who asks as all of the cell do.
    package var caller: Caller {
        var caller = Caller(party: party, roles: roles, purpose: purpose)
        caller.otherRoles = otherRoles
        return caller
    }
}

/// The rules that are in one of two sets alone.
struct ChangedRules {
    let oldPermissions: [Permission]
    let newPermissions: [Permission]
    let oldProhibitions: [Prohibition]
    let newProhibitions: [Prohibition]

    init(_ before: TenantRules, _ after: TenantRules) {
        let (old, new) = (Set(before.permissions), Set(after.permissions))
        let (was, becomes) = (before.classification, after.classification)
        oldPermissions = before.permissions.filter { !new.contains($0) }
            .map { $0.classified(by: was) }
        newPermissions = after.permissions.filter { !old.contains($0) }
            .map { $0.classified(by: becomes) }
        let (oldHiding, newHiding) = (Set(before.prohibitions), Set(after.prohibitions))
        oldProhibitions = before.prohibitions.filter { !newHiding.contains($0) }
            .map { $0.classified(by: was) }
        newProhibitions = after.prohibitions.filter { !oldHiding.contains($0) }
            .map { $0.classified(by: becomes) }
    }

    var isEmpty: Bool { assignees.isEmpty }

    var assignees: [Permission.Assignee] {
        (oldPermissions + newPermissions).map(\.assignee)
            + (oldProhibitions + newProhibitions).map(\.assignee)
    }
}

extension TenantRules {
    fileprivate var assignees: [Permission.Assignee] {
        permissions.map(\.assignee) + prohibitions.map(\.assignee)
    }
}

extension HiddenAttributes {
    /// Every name that is hidden somewhere.
    var names: Set<IRI> {
        (elements + shaped).reduce(into: everywhere) { $0.formUnion($1.names) }
    }

    /// What is made of the attribute in some entities.
    fileprivate func shapings(of name: IRI) -> Set<Shaping> {
        Set(shaped.filter { $0.names.contains(name) }.compactMap(\.shaping))
    }

    /// The entities in which this is made of the attribute.
    fileprivate func shaping(_ name: IRI, as shaping: Shaping) -> Condition {
        .any(
            of: shaped.filter { $0.shaping == shaping && $0.names.contains(name) }
                .map(\.condition)
        )
    }

    /// The entities in which the attribute is hidden.
    func hiding(_ name: IRI) -> Condition {
        everywhere.contains(name)
            ? .everything
            : .any(of: elements.filter { $0.names.contains(name) }.map(\.condition))
    }
}
