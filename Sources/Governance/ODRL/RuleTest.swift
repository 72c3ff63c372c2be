import ContextModel

/// What the target, the assignees and the constraints of a rule say, before it is made into rules that
/// the hub decides by.
indirect enum RuleTest {
    case part(Part, place: String)
    case all([RuleTest])
    case any([RuleTest])
    /// Exactly one of them holds.
    case one([RuleTest])

    /// What one constraint says.
    enum Part {
        case assignees([Permission.Assignee])
        case purposes([Purpose])
        case classes(ClassSelection.Test)
        case basis(LegalBasis)
        /// One of the times.
        case times([Validity])
        /// What is said of an entity, and whether that can be said at all, as its attributes decide.
        case entities(Condition, known: Condition)
    }
}

/// One of the ways in which a rule can hold; where it says nothing of something, anything goes.
struct RuleBranch: Hashable {
    var assignees: [Permission.Assignee] = []
    var purposes: [Purpose]?
    var classes = ClassSelection.all
    var basis: LegalBasis?
    var validity = Validity()
    var entities = Condition.everything

    /// What whoever is named must be.
    var assignee: Permission.Assignee {
        assignees.isEmpty ? .anyone : assignees.count == 1 ? assignees[0] : .all(assignees)
    }
}

/// Makes of a rule's test the branches of which one must hold.
struct RuleCompiler {
    /// What it means for a rule that an entity lacks what a constraint looks at.
    ///
    /// A permission then does not cover the entity, and a prohibition does.
    let coversUnknown: Bool
    /// Branches of a rule at most.
    static let maximumBranches = 512

    func branches(_ test: RuleTest) throws(PolicyError) -> [RuleBranch] {
        Self.merged(try branches(test, isNegated: false))
    }

    private func branches(
        _ test: RuleTest,
        isNegated: Bool
    ) throws(PolicyError) -> [RuleBranch] {
        switch (test, isNegated) {
        case (.part(let part, let place), _): return try branches(part, isNegated, at: place)
        case (.all(let parts), false), (.any(let parts), true):
            var found = [RuleBranch()]
            for part in parts {
                found = try Self.product(found, branches(part, isNegated: isNegated))
            }
            return found
        case (.any(let parts), false), (.all(let parts), true):
            var found: [RuleBranch] = []
            for part in parts {
                found = Self.merged(try found + branches(part, isNegated: isNegated))
                try Self.requireFew(found)
            }
            return found
        case (.one(let parts), false):
            var found: [RuleBranch] = []
            for index in parts.indices {
                var branches = [RuleBranch()]
                for (other, part) in parts.enumerated() {
                    branches = try Self.product(
                        branches,
                        self.branches(part, isNegated: other != index)
                    )
                }
                found += branches
                try Self.requireFew(found)
            }
            return found
        case (.one, true): throw PolicyError("xone", "It cannot stand in another xone.")
        }
    }

    private func branches(
        _ part: RuleTest.Part,
        _ isNegated: Bool,
        at place: String
    ) throws(PolicyError) -> [RuleBranch] {
        var branch = RuleBranch()
        switch part {
        case .classes(let test):
            branch.classes = ClassSelection(isNegated ? test.negated : test)
            return branch.classes.isNever ? [] : [branch]
        case .times(let times):
            return (isNegated ? Self.complement(of: times) : times).map { time in
                RuleBranch(validity: time)
            }
        case .entities(let condition, let known):
            let held = isNegated ? Condition.not(condition) : condition
            branch.entities =
                known == .everything
                ? held : coversUnknown ? held.or(.not(known)) : known.and(held)
            return branch.entities == .nothing ? [] : [branch]
        case .assignees, .purposes, .basis:
            guard !isNegated else {
                throw PolicyError(place, "Such a constraint cannot stand in xone.")
            }
        }
        switch part {
        case .assignees(let assignees):
            return assignees.map { $0 == .anyone ? RuleBranch() : RuleBranch(assignees: [$0]) }
        case .purposes(let purposes): branch.purposes = purposes
        case .basis(let basis): branch.basis = basis
        case .classes, .times, .entities: break
        }
        return [branch]
    }

    private static func complement(of times: [Validity]) -> [Validity] {
        var rest = [Validity()]
        for time in times {
            rest = rest.flatMap { one in
                [
                    time.from.flatMap { one.intersection(Validity(until: $0)) },
                    time.until.flatMap { one.intersection(Validity(from: $0)) },
                ].compactMap { $0 }
            }
        }
        return rest
    }

    private static func product(
        _ a: [RuleBranch],
        _ b: [RuleBranch]
    ) throws(PolicyError) -> [RuleBranch] {
        guard a.count * b.count <= 4 * maximumBranches else { throw tooMany }
        var found: [RuleBranch] = []
        for one in a {
            for other in b {
                if let both = try one.and(other) { found.append(both) }
            }
        }
        try requireFew(found)
        return found
    }

    /// Branches that differ in nothing but the entities become one.
    private static func merged(_ branches: [RuleBranch]) -> [RuleBranch] {
        var places: [RuleBranch: Int] = [:]
        var found: [RuleBranch] = []
        for branch in branches {
            var key = branch
            key.entities = .everything
            if let place = places[key] {
                found[place].entities = found[place].entities.or(branch.entities)
            } else {
                places[key] = found.count
                found.append(branch)
            }
        }
        return found
    }

    private static func requireFew(_ branches: [RuleBranch]) throws(PolicyError) {
        guard branches.count <= maximumBranches else { throw tooMany }
    }

    private static let tooMany = PolicyError(
        "constraint",
        "The rule holds in more than \(maximumBranches) ways."
    )
}

extension RuleBranch {
    /// What holds where both hold; nil where nothing does.
    fileprivate func and(_ other: RuleBranch) throws(PolicyError) -> RuleBranch? {
        guard purposes == nil || other.purposes == nil else {
            throw PolicyError("constraint", "A rule has one constraint on its purpose.")
        }
        guard basis == nil || other.basis == nil || basis == other.basis else {
            throw PolicyError("constraint", "A rule has one legal basis.")
        }
        let classes = classes.intersection(other.classes)
        guard !classes.isNever, let validity = validity.intersection(other.validity) else {
            return nil
        }
        let entities = entities.and(other.entities)
        guard entities != .nothing else { return nil }
        return RuleBranch(
            assignees: assignees + other.assignees.filter { !assignees.contains($0) },
            purposes: purposes ?? other.purposes,
            classes: classes,
            basis: basis ?? other.basis,
            validity: validity,
            entities: entities
        )
    }
}

extension Validity {
    /// The time in both; nil where there is none.
    func intersection(_ other: Validity) -> Validity? {
        let from = [from, other.from].compactMap { $0 }.max()
        let until = [until, other.until].compactMap { $0 }.min()
        if let from, let until, from >= until { return nil }
        return Validity(from: from, until: until)
    }
}
