import ContextModel

/// Reads constraints and refinements: what they say of who asks, why, when, and of entities.
struct ODRLConstraintReader {
    let names: ODRLNames
    let terms: TermLog

    /// Where a constraint stands, and so what it can be about.
    enum Kind {
        case rule, target, assignee
    }

    /// Logical constraints inside one another at most.
    static let maximumDepth = 8
    /// Constraints of a rule, all together, at most.
    private static let members: Set = [
        "@type", "uid", "leftOperand", "operator", "rightOperand", "dataType", "and", "or", "xone",
        "andSequence",
    ]

    // MARK: Parties

    /// Whom a rule names; all if it says nothing of them.
    func assignees(of node: ODRLNode) throws(PolicyError) -> RuleTest {
        let place = node.place(of: "assignee")
        let values = node.values("assignee")
        guard node["assignee"] == nil || !values.isEmpty else {
            throw PolicyError(place, "It names nobody.")
        }
        var tests: [RuleTest] = []
        for value in values { tests.append(try assignee(value, at: place)) }
        return tests.isEmpty ? .all([]) : .any(tests)
    }

    private func assignee(_ value: JSONValue, at place: String) throws(PolicyError) -> RuleTest {
        if let text = ODRLNode.text(value) {
            return .part(.assignees([try party(text, at: place)]), place: place)
        }
        guard case .object(let object) = value else {
            throw PolicyError(place, "It must be the URI of a party, or a collection.")
        }
        let node = try ODRLNode(
            object,
            names,
            known: ["@type", "uid", "source", "refinement"],
            at: place
        )
        try node.requireType(["PartyCollection", "Party"])
        let refinements = try constraints(node, "refinement", .assignee)
        // The name of a collection is no party: what its members are, the refinements say.
        guard !refinements.isEmpty else {
            throw PolicyError(place, "A collection of parties needs a refinement, such as by role.")
        }
        if node["source"] != nil, try node.text("source") != "urn:user" {
            throw PolicyError(node.place(of: "source"), "The hub has no list of parties.")
        }
        return .all(refinements)
    }

    private func party(
        _ text: String,
        at place: String
    ) throws(PolicyError) -> Permission.Assignee {
        switch names.term(text) {
        case "All", "vc:any", "foaf:Agent": return .anyone
        default: break
        }
        let uri = names.iri(text) ?? text
        guard URIText.isValid(uri), uri.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw PolicyError(place, "'\(text)' is no URI of a party.")
        }
        return .party(PartyID(uri))
    }

    // MARK: Constraints

    func constraints(
        _ node: ODRLNode,
        _ member: String,
        _ kind: Kind
    ) throws(PolicyError) -> [RuleTest] {
        var selected: Set<IRI> = []
        let tests = try constraints(node, member, kind, selecting: &selected)
        guard selected.isEmpty else {
            throw PolicyError(node.place(of: member), "Attributes are selected in a target.")
        }
        return tests
    }

    /// What the constraints say; what of them selects attributes goes to `selected`.
    func constraints(
        _ node: ODRLNode,
        _ member: String,
        _ kind: Kind,
        selecting selected: inout Set<IRI>
    ) throws(PolicyError) -> [RuleTest] {
        var tests: [RuleTest] = []
        for one in try node.objects(member, known: Self.members) {
            if one["leftOperand"] != nil, try one.term("leftOperand") == "attribute" {
                let right = try RightOperand(one)
                for name in right.texts {
                    selected.insert(try terms.iri(name, at: one.place(of: "rightOperand")))
                }
                try right.require(["eq", "isAnyOf"])
            } else {
                tests.append(try test(one, kind, depth: 1))
            }
        }
        return tests
    }

    private func test(
        _ node: ODRLNode,
        _ kind: Kind,
        depth: Int
    ) throws(PolicyError) -> RuleTest {
        guard depth <= Self.maximumDepth else {
            throw PolicyError(node.place, "It is more than \(Self.maximumDepth) levels deep.")
        }
        let logical = ["and", "or", "xone", "andSequence"].filter { node[$0] != nil }
        guard let operand = logical.first else {
            try node.requireType(["Constraint"])
            guard node["leftOperand"] != nil else {
                throw PolicyError(
                    node.place,
                    "It must be written out: the hub follows no reference to a constraint."
                )
            }
            return try part(node, kind)
        }
        try node.requireType(["LogicalConstraint", "Constraint"])
        let others = ["leftOperand", "operator", "rightOperand", "dataType"]
        guard logical.count == 1, others.allSatisfy({ node[$0] == nil }) else {
            throw PolicyError(
                node.place,
                "It is one logical operand, or a left, operator and right."
            )
        }
        guard operand != "andSequence" else {
            throw PolicyError(node.place(of: operand), "The hub knows no order of events.")
        }
        var tests: [RuleTest] = []
        for one in try node.objects(operand, known: Self.members) {
            tests.append(try test(one, kind, depth: depth + 1))
        }
        guard !tests.isEmpty else { throw PolicyError(node.place(of: operand), "It is empty.") }
        return operand == "and" ? .all(tests) : operand == "or" ? .any(tests) : .one(tests)
    }

    private func part(_ node: ODRLNode, _ kind: Kind) throws(PolicyError) -> RuleTest {
        let text = try node.text("leftOperand")
        let left = names.term(text)
        let right = try RightOperand(node)
        let isOfParties = ["role", "vc:role", "dome-op:role", "recipient"].contains(left)
        let isOfEntities = Self.isOfEntities(left)
        guard kind == .rule || (kind == .assignee ? isOfParties : isOfEntities) else {
            throw PolicyError(
                node.place(of: "leftOperand"),
                "'\(text)' cannot refine \(kind == .target ? "entities" : "parties")."
            )
        }
        let part: RuleTest.Part
        switch left {
        case "purpose", "dpv:hasPurpose": part = .purposes(try right.purposes)
        case "recipient", "dpv:hasRecipient":
            try right.require(["eq", "isA", "isAnyOf"])
            part = .assignees(
                try right.texts.map { text throws(PolicyError) in
                    try party(text, at: right.place)
                }
            )
        case "role", "vc:role", "dome-op:role": part = .assignees(try right.roles)
        case "class": part = .classes(try right.classes(terms.isClass))
        case "legalBasis", "dpv:hasLegalBasis": part = .basis(try right.basis)
        case "dateTime": part = .times(try right.times)
        default:
            let reader = EntityConstraintReader(terms: terms, right: right)
            guard let found = try reader.part(left) else {
                throw PolicyError(
                    node.place(of: "leftOperand"),
                    "'\(text)' is not understood."
                )
            }
            part = found
        }
        return .part(part, place: node.place)
    }

    private static func isOfEntities(_ left: String) -> Bool {
        left == "class" || left == "spatial" || left.hasPrefix(ODRLNames.attributePrefix)
            || left.hasPrefix("ngsi-ld:") || ["type", "id", "scope"].contains(left)
    }
}
