import ContextModel

/// What the duties of a permission say: what is made of attributes, and how many people a group has.
struct Duties {
    /// Attributes with what is made of them; nil where they are left out.
    var attributes: [Shaping?: Set<IRI>] = [:]
    var smallestGroup: Int?

    /// For each shaping its attributes, always in the same order.
    var inOrder: [(shaping: Shaping?, names: Set<IRI>)] {
        attributes.sorted { String(describing: $0.key) < String(describing: $1.key) }
            .map { ($0.key, $0.value) }
    }
}

/// Reads the duties of a permission.
struct DutyReader {
    let terms: TermLog

    private static let actions: Set = ["drop", "round", "coarsen", "delay", "kThreshold"]
    /// The longest delay: a hundred years.
    private static let maximumDelay: Int64 = 100 * 366 * 86_400 * 1_000_000
    private static let groups = 2...1_000_000

    /// `actions` are those of the permission.
    func duties(
        of node: ODRLNode,
        of actions: Set<Action>
    ) throws(PolicyError) -> Duties {
        var duties = Duties()
        let known: Set = ["@type", "uid", "action", "target"]
        for duty in try node.objects("duty", known: known) {
            try duty.requireType(["Duty", "Rule"])
            let action = try DutyAction(duty)
            let place = duty.place(of: "action")
            guard Self.actions.contains(action.term) else {
                throw PolicyError(
                    place,
                    "'\(action.term)' is not understood; the hub can drop, round, coarsen and delay "
                        + "attributes, and keep back small groups (kThreshold)."
                )
            }
            if action.term == "kThreshold" {
                let group = try group(action, duty, of: actions)
                duties.smallestGroup = max(duties.smallestGroup ?? group, group)
                continue
            }
            let shaping = try shaping(action)
            let targets = duty.place(of: "target")
            for name in try duty.texts("target") {
                duties.attributes[shaping, default: []].insert(try terms.iri(name, at: targets))
            }
        }
        return duties
    }

    /// What is made of attributes; nil where they are left out.
    private func shaping(_ action: DutyAction) throws(PolicyError) -> Shaping? {
        switch action.term {
        case "round":
            let step = try action.number(of: "step")
            guard let found = RoundingStep(step) else {
                throw action.refusal("It must be a positive decimal number such as 10 or 0.5.")
            }
            return .round(found)
        case "coarsen":
            let isMetres = action.left == "metres"
            let allowed = isMetres ? PlaceGrid.metresAllowed : PlaceGrid.decimalsAllowed
            let number = try action.number(of: "metres", "decimals").intValue
            guard let number, allowed.contains(number) else {
                throw action.refusal(
                    "It must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound)."
                )
            }
            return .coarsen(isMetres ? .metres(number) : .decimals(number))
        case "delay":
            let text = try action.text(of: "delayPeriod")
            guard let duration = ISODuration(text), duration.months == 0,
                duration.microseconds > 0, duration.microseconds <= Self.maximumDelay
            else {
                throw action.refusal(
                    "It must be a duration in days or less, such as PT10M: months have no length."
                )
            }
            return .delay(microseconds: duration.microseconds)
        default:
            guard action.refinement == nil else { throw action.refusal("'drop' needs none.") }
            return nil
        }
    }

    private func group(
        _ action: DutyAction,
        _ duty: ODRLNode,
        of actions: Set<Action>
    ) throws(PolicyError) -> Int {
        guard actions == [.aggregate] else {
            throw PolicyError(
                duty.place(of: "action"),
                "Only statistics have groups: 'kThreshold' needs a permission whose one action is "
                    + "'aggregate'."
            )
        }
        guard duty["target"] == nil else {
            throw PolicyError(duty.place(of: "target"), "Groups have no attributes.")
        }
        guard let group = try action.number(of: "count").intValue, Self.groups.contains(group)
        else {
            throw action.refusal(
                "It must be a whole number from \(Self.groups.lowerBound) to "
                    + "\(Self.groups.upperBound)."
            )
        }
        return group
    }
}

/// The action of a duty: a term, or an action that is refined by one constraint
/// (ODRL Information Model, 2.5.1).
private struct DutyAction {
    let term: String
    let refinement: ODRLNode?
    let left: String?
    private let right: RightOperand?
    private let place: String

    init(_ duty: ODRLNode) throws(PolicyError) {
        place = duty.place(of: "action")
        let values = duty.values("action")
        guard values.count == 1, case .object(let object) = values[0],
            ODRLNode.text(values[0]) == nil
        else {
            term = try duty.term("action")
            refinement = nil
            left = nil
            right = nil
            return
        }
        let known: Set = ["@type", "uid", "rdf:value", "refinement"]
        let node = try ODRLNode(object, duty.names, known: known, at: place)
        try node.requireType(["Action"])
        term = try node.term("rdf:value")
        let members: Set = ["@type", "uid", "leftOperand", "operator", "rightOperand", "dataType"]
        let refinements = try node.objects("refinement", known: members)
        guard refinements.count == 1 else {
            throw PolicyError(node.place(of: "refinement"), "It must be one constraint.")
        }
        refinement = refinements[0]
        left = try refinements[0].term("leftOperand")
        right = try RightOperand(refinements[0])
    }

    /// The one right operand of a refinement by one of these operands.
    private func value(_ operands: [String]) throws(PolicyError) -> JSONValue {
        let words = operands.joined(separator: " or ")
        guard let refinement, let left, let right else {
            throw PolicyError(
                place,
                "'\(term)' needs a refinement by \(words): {\"rdf:value\": \"\(term)\", "
                    + "\"refinement\": {\"leftOperand\": …, \"operator\": \"eq\", "
                    + "\"rightOperand\": …}}."
            )
        }
        guard operands.contains(left) else {
            throw PolicyError(refinement.place(of: "leftOperand"), "'\(left)' is not \(words).")
        }
        guard right.comparison == "eq" || term == "kThreshold" && right.comparison == "gteq" else {
            throw right.refusal(term == "kThreshold" ? "gteq, eq" : "eq")
        }
        return try right.single
    }

    func number(of operands: String...) throws(PolicyError) -> JSONNumber {
        guard let number = try value(operands).numberValue else {
            throw refusal("It must be a number.")
        }
        return number
    }

    func text(of operands: String...) throws(PolicyError) -> String {
        guard let text = try value(operands).stringValue else {
            throw refusal("It must be a text.")
        }
        return text
    }

    func refusal(_ reason: String) -> PolicyError {
        PolicyError(refinement?.place(of: "rightOperand") ?? place, reason)
    }
}
