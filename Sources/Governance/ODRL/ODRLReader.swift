package import ContextModel

/// Reads a policy of the profile of ODRL 2.2 that the hub keeps to.
///
/// A member, a term or a value that is not understood is refused, for it might be what restricts the
/// rule.
package struct ODRLReader {
    private let expand: (String) -> IRI
    /// The names that were expanded.
    private var names: [String: IRI] = [:]

    /// `expand` says what the name of a type or attribute stands for.
    package init(expand: @escaping (String) -> IRI) { self.expand = expand }

    /// The policy; its identifier is `uid`.
    package mutating func policy(_ source: JSONObject) throws(PolicyError) -> DataPolicy {
        let known: Set = [
            "@context", "@type", "@id", "uid", "permission", "prohibition", "profile",
        ]
        try Self.requireKnown(source, known, at: "")
        let id = try Self.text(source["uid"] ?? source["@id"], at: "uid")
        guard let type = source["@type"]?.stringValue.map(Self.term),
            ["Set", "Policy", "Offer", "Agreement"].contains(type)
        else { throw PolicyError("@type", "It must be Set, Policy, Offer or Agreement.") }
        var permissions: [Permission] = []
        for (index, rule) in try Self.objects(source["permission"], at: "permission").enumerated() {
            permissions += try permission(rule, of: id, at: "permission[\(index)]")
        }
        var prohibitions: [Prohibition] = []
        for (index, rule) in try Self.objects(source["prohibition"], at: "prohibition").enumerated()
        {
            prohibitions += try prohibition(rule, of: id, at: "prohibition[\(index)]")
        }
        guard !permissions.isEmpty || !prohibitions.isEmpty else {
            throw PolicyError("permission", "A policy has a permission or a prohibition.")
        }
        return DataPolicy(
            id: id,
            permissions: permissions,
            prohibitions: prohibitions,
            source: source,
            names: names
        )
    }

    // MARK: Rules

    private static let ruleMembers: Set = ["action", "assignee", "target", "constraint"]

    private mutating func permission(
        _ rule: JSONObject,
        of id: String,
        at place: String
    ) throws(PolicyError) -> [Permission] {
        try Self.requireKnown(rule, Self.ruleMembers, at: place)
        let constraints = try constraints(rule, at: place)
        let actions = try actions(rule["action"], at: place + ".action")
        let target = try target(rule["target"], at: place + ".target")
        return try assignees(rule["assignee"], at: place + ".assignee").map {
            Permission(
                assignee: $0,
                actions: actions,
                target: target,
                purposes: constraints.purposes,
                basis: constraints.basis,
                validity: constraints.validity,
                name: id
            )
        }
    }

    private mutating func prohibition(
        _ rule: JSONObject,
        of id: String,
        at place: String
    ) throws(PolicyError) -> [Prohibition] {
        try Self.requireKnown(rule, Self.ruleMembers, at: place)
        let constraints = try constraints(rule, at: place)
        let actions = try actions(rule["action"], at: place + ".action")
        let target = try target(rule["target"], at: place + ".target")
        return try assignees(rule["assignee"], at: place + ".assignee").map { assignee in
            var prohibition = Prohibition(assignee: assignee, target: target, actions: actions)
            prohibition.purposes = constraints.purposes
            prohibition.validity = constraints.validity
            prohibition.name = id
            return prohibition
        }
    }

    private func actions(
        _ value: JSONValue?,
        at place: String
    ) throws(PolicyError) -> Set<Action> {
        var actions: Set<Action> = []
        for text in try Self.texts(value, at: place) {
            switch Self.term(text) {
            case "read": actions.insert(.read)
            case "use": actions.formUnion([.read, .subscribe])
            case "modify": actions.insert(.write)
            case "inform": actions.insert(.subscribe)
            default: throw PolicyError(place, "'\(text)' is none of read, use, inform, modify.")
            }
        }
        // Whoever may read may be told of it.
        if actions.contains(.read) { actions.insert(.subscribe) }
        return actions
    }

    private func assignees(
        _ value: JSONValue?,
        at place: String
    ) throws(PolicyError) -> [Permission.Assignee] {
        guard let value else { return [.anyone] }
        var assignees: [Permission.Assignee] = []
        for text in try Self.texts(value, at: place) {
            guard text.contains(":") else {
                throw PolicyError(place, "'\(text)' is no URI of a party.")
            }
            assignees.append(.party(PartyID(text)))
        }
        return assignees
    }

    private mutating func target(
        _ value: JSONValue?,
        at place: String
    ) throws(PolicyError) -> Condition {
        var target = Condition.nothing
        for text in try Self.texts(value, at: place) {
            guard !text.isEmpty else { throw PolicyError(place, "It names nothing.") }
            target = target.or(
                text.hasPrefix("urn:ngsi-ld:") ? .ids([EntityID(text)]) : .type(name(text))
            )
        }
        return target
    }

    private mutating func name(_ text: String) -> IRI {
        let iri = expand(text)
        names[text] = iri
        return iri
    }

    // MARK: Constraints

    private struct Constraints {
        var purposes: [Purpose] = []
        var basis = LegalBasis.untilObjected
        var validity = Validity()
    }

    private func constraints(
        _ rule: JSONObject,
        at place: String
    ) throws(PolicyError) -> Constraints {
        var constraints = Constraints()
        let all = try Self.objects(rule["constraint"], at: place + ".constraint")
        for (index, constraint) in all.enumerated() {
            let place = place + ".constraint[\(index)]"
            try Self.requireKnown(
                constraint,
                ["leftOperand", "operator", "rightOperand"],
                at: place
            )
            let left = try Self.text(constraint["leftOperand"], at: place + ".leftOperand")
            let comparison = Self.term(
                try Self.text(constraint["operator"], at: place + ".operator")
            )
            let right = try Self.texts(constraint["rightOperand"], at: place + ".rightOperand")
            try Self.add(Self.term(left), comparison, right, to: &constraints, at: place)
        }
        return constraints
    }

    private static func add(
        _ left: String,
        _ comparison: String,
        _ right: [String],
        to constraints: inout Constraints,
        at place: String
    ) throws(PolicyError) {
        switch (left, comparison) {
        case ("purpose", "eq"), ("purpose", "isA"), ("purpose", "isAnyOf"):
            guard constraints.purposes.isEmpty else {
                throw PolicyError(place, "A rule has one constraint on its purpose.")
            }
            for text in right {
                let purpose = Purpose(text)
                guard purpose.isKnown else {
                    throw PolicyError(
                        place + ".rightOperand",
                        "'\(text)' is no purpose of the Data Privacy Vocabulary."
                    )
                }
                constraints.purposes.append(purpose)
            }
        case ("dateTime", "gteq"), ("dateTime", "lt"):
            guard right.count == 1, let moment = Timestamp(right[0]) else {
                throw PolicyError(
                    place + ".rightOperand",
                    "It must be a time such as 2026-12-01T00:00:00Z."
                )
            }
            if comparison == "gteq" {
                constraints.validity.from = moment
            } else {
                constraints.validity.until = moment
            }
        default:
            throw PolicyError(place, "A constraint '\(left) \(comparison)' is not understood.")
        }
    }

    // MARK: Values

    /// A term of ODRL, however it is written.
    private static func term(_ text: String) -> String {
        for prefix in ["odrl:", "http://www.w3.org/ns/odrl/2/"] where text.hasPrefix(prefix) {
            return String(text.dropFirst(prefix.count))
        }
        return text
    }

    private static func requireKnown(
        _ object: JSONObject,
        _ known: Set<String>,
        at place: String
    ) throws(PolicyError) {
        if let unknown = object.members.first(where: { !known.contains($0.key) }) {
            let prefix = place.isEmpty ? "" : place + "."
            throw PolicyError(prefix + unknown.key, "The member is not understood.")
        }
    }

    private static func objects(
        _ value: JSONValue?,
        at place: String
    ) throws(PolicyError) -> [JSONObject] {
        switch value {
        case nil: return []
        case .object(let object): return [object]
        case .array(let elements):
            var objects: [JSONObject] = []
            for element in elements {
                guard case .object(let object) = element else {
                    throw PolicyError(place, "Each element must be an object.")
                }
                objects.append(object)
            }
            return objects
        default: throw PolicyError(place, "It must be an object or an array of objects.")
        }
    }

    private static func text(_ value: JSONValue?, at place: String) throws(PolicyError) -> String {
        let texts = try texts(value, at: place)
        guard texts.count == 1 else { throw PolicyError(place, "It must be one text.") }
        return texts[0]
    }

    private static func texts(
        _ value: JSONValue?,
        at place: String
    ) throws(PolicyError) -> [String] {
        switch value {
        case .string(let text): return [text]
        case .object(let object) where object.count == 1:
            let text = object["@id"] ?? object["uid"] ?? object["@value"]
            guard case .string(let text) = text else { break }
            return [text]
        case .array(let elements) where !elements.isEmpty:
            var all: [String] = []
            for element in elements { all.append(try Self.text(element, at: place)) }
            return all
        default: break
        }
        throw PolicyError(place, "It must be a text, or an array of texts.")
    }
}
