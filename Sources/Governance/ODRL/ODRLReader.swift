package import ContextModel

/// Reads a policy of the profile of ODRL 2.2 that the hub keeps to (docs/policies.md).
///
/// A member, a term or a value that is not understood is refused, for it might be what restricts the
/// rule.
package struct ODRLReader {
    private let expand: (String) -> IRI
    private let isClass: (String) -> Bool

    /// `expand` says what the name of a type or attribute stands for, and `isClass` whether a word is a class
    /// of data.
    package init(
        isClass: @escaping (String) -> Bool = { DataClass(word: $0) != nil },
        expand: @escaping (String) -> IRI
    ) {
        self.expand = expand
        self.isClass = isClass
    }

    private static let notes: Set = ["dct:title", "title", "dct:description", "description"]
    private static let policyMembers: Set = notes.union([
        "@type", "uid", "profile", "conflict", "permission", "prohibition", "assigner", "assignee",
        "target", "action", "dct:creator", "dct:issued", "dct:source", "rdfs:isDefinedBy",
    ])
    private static let permissionMembers = prohibitionMembers.union(["duty"])
    private static let prohibitionMembers: Set = notes.union([
        "@type", "uid", "action", "assigner", "assignee", "target", "constraint",
    ])
    /// The profile by its name.
    package static let profile = "urn:balai:odrl:profile"

    /// The policy; its identifier is `uid`.
    package func policy(_ source: JSONObject) throws(PolicyError) -> DataPolicy {
        let bytes = JSONValue.object(source).serialized.count
        guard bytes <= DataPolicy.maximumBytes else {
            throw PolicyError("uid", "The policy has more than \(DataPolicy.maximumBytes) bytes.")
        }
        let names = try ODRLNames(source["@context"])
        let node = try ODRLNode(source, names, known: Self.policyMembers, at: "")
        try requireHead(of: node)
        let id = try node.text("uid")
        guard URIText.isValid(id) else { throw PolicyError("uid", "'\(id)' is no URI.") }
        let title = try ["dct:title", "title"].first { node[$0] != nil }
            .map { name throws(PolicyError) in try node.text(name) }
        let terms = TermLog(expand: expand, isClass: isClass, names: names)
        var rules = Rules(id: id, title: title, policy: node, terms: terms)
        for rule in try node.objects("permission", known: Self.permissionMembers) {
            try rules.addPermission(rule)
        }
        for rule in try node.objects("prohibition", known: Self.prohibitionMembers) {
            try rules.addProhibition(rule)
        }
        guard !rules.permissions.isEmpty || !rules.prohibitions.isEmpty else {
            throw PolicyError("permission", "A policy has a permission or a prohibition.")
        }
        return DataPolicy(
            id: id,
            title: title,
            permissions: rules.permissions,
            prohibitions: rules.prohibitions,
            source: source,
            names: terms.found
        )
    }

    private func requireHead(of node: ODRLNode) throws(PolicyError) {
        guard node["@type"] != nil else {
            throw PolicyError("@type", "It must be Set, Policy, Offer or Agreement.")
        }
        try node.requireType(["Set", "Policy", "Offer", "Agreement"])
        for profile in node.values("profile") {
            guard let text = ODRLNode.text(profile), node.names.iri(text) ?? text == Self.profile
            else {
                throw PolicyError("profile", "The hub knows no profile but \(Self.profile).")
            }
        }
        if node["conflict"] != nil, try node.term("conflict") != "prohibit" {
            throw PolicyError("conflict", "A prohibition always wins: it can only be 'prohibit'.")
        }
    }
}

/// What the names of types and attributes in a policy stand for, and which there were.
final class TermLog {
    private(set) var found: [String: IRI] = [:]
    private let expand: (String) -> IRI
    let isClass: (String) -> Bool
    private let names: ODRLNames

    init(
        expand: @escaping (String) -> IRI,
        isClass: @escaping (String) -> Bool,
        names: ODRLNames
    ) {
        self.expand = expand
        self.isClass = isClass
        self.names = names
    }

    /// The IRI that a name stands for: by the policy's own `@context`, or by the request's.
    func iri(_ name: String, at place: String) throws(PolicyError) -> IRI {
        guard !name.isEmpty, !name.hasPrefix("@") else {
            throw PolicyError(place, "It names nothing.")
        }
        guard !name.hasLookAlikes else {
            throw PolicyError(place, "'\(name)' mixes letters of several scripts that look alike.")
        }
        if let whole = names.iri(name) { return IRI(whole) }
        let iri = expand(name)
        found[name] = iri
        return iri
    }
}

/// The rules that a policy makes, one after the other.
private struct Rules {
    let id: String
    let title: String?
    let policy: ODRLNode
    let terms: TermLog
    var permissions: [Permission] = []
    var prohibitions: [Prohibition] = []

    // MARK: Permissions

    mutating func addPermission(_ node: ODRLNode) throws(PolicyError) {
        try node.requireType(["Permission", "Rule"])
        let actions = try actions(of: node)
        let duties = try DutyReader(terms: terms).duties(of: node, of: actions)
        for target in try targets(of: node) {
            guard target.attributes.isEmpty else {
                throw PolicyError(
                    target.place,
                    "A permission is about whole entities. Say what to leave out with a duty to drop."
                )
            }
            for branch in try branches(of: node, target, coversUnknown: false) {
                var permission = Permission(
                    branch,
                    actions: actions,
                    basis: try basis(of: branch, node),
                    name: id
                )
                permission.smallestGroup = duties.smallestGroup
                permissions.append(permission)
                for (shaping, names) in duties.inOrder {
                    try hide(names, branch, as: shaping, at: node.place(of: "duty"))
                }
            }
        }
        try requireFew(node)
    }

    /// An override of people's choices has a name and an end.
    private func basis(
        of branch: RuleBranch,
        _ node: ODRLNode
    ) throws(PolicyError) -> LegalBasis {
        guard branch.basis == .override else { return branch.basis ?? .untilObjected }
        guard let title, !title.isEmpty else {
            throw PolicyError("title", "A lawful override needs a title.")
        }
        guard branch.validity.from != nil, branch.validity.until != nil else {
            throw PolicyError(
                node.place(of: "constraint"),
                "A lawful override needs a first and a last moment (dateTime gteq and lt)."
            )
        }
        guard branch.purposes != nil else {
            throw PolicyError(node.place(of: "constraint"), "A lawful override needs a purpose.")
        }
        return .override
    }

    private mutating func hide(
        _ attributes: Set<IRI>,
        _ branch: RuleBranch,
        as shaping: Shaping? = nil,
        at place: String
    ) throws(PolicyError) {
        guard !branch.entities.looksAtAttributes else {
            throw PolicyError(
                place,
                "What is hidden in an entity may not depend on what its attributes hold."
            )
        }
        prohibitions.append(
            Prohibition(
                branch,
                Prohibition(
                    assignee: branch.assignee,
                    target: branch.entities,
                    attributes: attributes,
                    shaping: shaping
                ),
                name: id
            )
        )
    }

    // MARK: Prohibitions

    mutating func addProhibition(_ node: ODRLNode) throws(PolicyError) {
        try node.requireType(["Prohibition", "Rule"])
        let actions = try actions(of: node)
        for target in try targets(of: node) {
            for branch in try branches(of: node, target, coversUnknown: true) {
                guard branch.basis == nil else {
                    throw PolicyError(
                        node.place(of: "constraint"),
                        "A prohibition has no legal basis."
                    )
                }
                guard !target.attributes.isEmpty else {
                    let rule = Prohibition(
                        assignee: branch.assignee,
                        target: branch.entities,
                        actions: actions
                    )
                    prohibitions.append(Prohibition(branch, rule, name: id))
                    continue
                }
                guard actions.contains(.read) else {
                    throw PolicyError(
                        node.place(of: "action"),
                        "Attributes that may not be changed may not be read either: say 'use'."
                    )
                }
                try hide(target.attributes, branch, at: target.place)
            }
        }
        try requireFew(node)
    }

    private func requireFew(_ node: ODRLNode) throws(PolicyError) {
        guard permissions.count + prohibitions.count <= DataPolicy.maximumRules else {
            throw PolicyError(
                node.place,
                "The policy makes more than \(DataPolicy.maximumRules) rules."
            )
        }
    }

    // MARK: Parts of rules

    /// The node that has the member: the rule, or the policy for all of its rules.
    private func owner(of member: String, _ node: ODRLNode) throws(PolicyError) -> ODRLNode {
        guard policy[member] != nil else { return node }
        guard node[member] == nil else {
            throw PolicyError(node.place(of: member), "The policy says it for all rules already.")
        }
        return policy
    }

    private func actions(of node: ODRLNode) throws(PolicyError) -> Set<Action> {
        let owner = try owner(of: "action", node)
        var actions: Set<Action> = []
        for action in try owner.terms("action") {
            switch action {
            // Whoever may read may be told of it.
            case "read": actions.formUnion([.read, .subscribe])
            case "inform": actions.insert(.subscribe)
            case "modify", "write": actions.insert(.write)
            case "aggregate": actions.insert(.aggregate)
            // ODRL says that to aggregate is to use.
            case "use": actions.formUnion([.read, .subscribe, .aggregate, .write])
            default:
                throw PolicyError(
                    owner.place(of: "action"),
                    "'\(action)' is none of read, aggregate, inform, modify, write, use."
                )
            }
        }
        return actions
    }

    private func targets(of node: ODRLNode) throws(PolicyError) -> [ODRLTarget] {
        let owner = try owner(of: "target", node)
        let values = owner.values("target")
        let place = owner.place(of: "target")
        guard !values.isEmpty else { throw PolicyError(place, "It is missing.") }
        var targets: [ODRLTarget] = []
        for (index, value) in values.enumerated() {
            let place = values.count == 1 ? place : place + "[\(index)]"
            targets.append(try ODRLTarget(value, owner.names, terms, at: place))
        }
        // Targets that are alike become one rule.
        guard targets.allSatisfy({ $0.attributes.isEmpty }) else { return targets }
        return [ODRLTarget(test: .any(targets.map(\.test)), attributes: [], place: place)]
    }

    private func branches(
        of node: ODRLNode,
        _ target: ODRLTarget,
        coversUnknown: Bool
    ) throws(PolicyError) -> [RuleBranch] {
        let owner = try owner(of: "assignee", node)
        let reader = ODRLConstraintReader(names: owner.names, terms: terms)
        let test = RuleTest.all(
            [target.test, try reader.assignees(of: owner)]
                + (try reader.constraints(node, "constraint", .rule))
        )
        let branches: [RuleBranch]
        do throws(PolicyError) {
            branches = try RuleCompiler(coversUnknown: coversUnknown).branches(test)
        } catch { throw error.within(node.place) }
        guard !branches.isEmpty else { throw PolicyError(node.place, "The rule never holds.") }
        for branch in branches where branch.entities.size > Self.maximumConditionSize {
            throw PolicyError(
                node.place,
                "What it says of entities has more than \(Self.maximumConditionSize) parts."
            )
        }
        return branches
    }

    /// Parts of a rule's condition at most: it is decided for each entity that is read.
    static let maximumConditionSize = 1_000
}

extension Permission {
    fileprivate init(
        _ branch: RuleBranch,
        actions: Set<Action>,
        basis: LegalBasis,
        name: String
    ) {
        self.init(
            assignee: branch.assignee,
            actions: actions,
            target: branch.entities,
            purposes: branch.purposes ?? [],
            basis: basis,
            validity: branch.validity,
            name: name
        )
        classes = branch.classes
    }
}

extension Prohibition {
    fileprivate init(_ branch: RuleBranch, _ rule: Prohibition, name: String) {
        self = rule
        purposes = branch.purposes ?? []
        validity = branch.validity
        classes = branch.classes
        self.name = name
    }
}
