package import ContextModel

/// The answer to a question about a border: what decides, on which law, since when, and what is to be done.
package struct BorderVerdict: Sendable, Hashable {
    /// Why it is so.
    package enum Reason: Sendable, Hashable {
        /// The data stays in its state, and no rule is about that.
        case domestic
        /// No rule is about it; the table's rule for that, if it has one.
        case otherwise(BorderRule?)
        /// A rule, and the ground on which the transfer meets it.
        case rule(BorderRule, ground: [TransferGround]?)
    }

    /// The crossing that decides.
    package let question: BorderQuestion
    package let reason: Reason
    package let effect: BorderEffect
    package let duties: [BorderRule.Duty]
    /// Other rules that hold.
    package let others: [String]
    /// Rules that name something which can serve as a ground.
    package let instruments: [String]

    init(
        _ question: BorderQuestion,
        _ reason: Reason,
        effect: BorderEffect? = nil,
        duties: [BorderRule.Duty] = [],
        others: [String] = [],
        instruments: [String] = []
    ) {
        self.question = question
        self.reason = reason
        self.effect = effect ?? (reason == .domestic ? .permit : .deny)
        self.duties = duties
        self.others = others
        self.instruments = instruments
    }

    /// The rule that decides; nil within a state, and for a table without a rule for what no rule is about.
    package var rule: BorderRule? {
        switch reason {
        case .domestic: nil
        case .otherwise(let rule): rule
        case .rule(let rule, _): rule
        }
    }

    /// The ground on which the transfer meets the rule; nil where it needs none, or has none.
    package var ground: [TransferGround]? {
        if case .rule(_, let ground) = reason { ground } else { nil }
    }

    /// Whether the transfer may take place with the grounds that were named.
    package var isAllowed: Bool { effect == .permit || ground != nil }

    /// A verdict that allows is milder than one that does not, whatever its rule.
    func isStricter(than other: BorderVerdict) -> Bool {
        isAllowed == other.isAllowed ? effect > other.effect : other.isAllowed
    }

    /// The verdict in a sentence or two.
    package var explanation: String {
        let crossing = "\(question.source) to \(question.destination)"
        switch reason {
        case .domestic:
            return "The data stays in \(question.source), and no rule of the table is about that."
        case .otherwise:
            let category =
                question.category.map { "\($0.rawValue) data" } ?? "data of an unknown category"
            return "No rule in force on \(question.date.text) is about \(category) of a "
                + "\(question.controller.rawValue) controller from \(crossing), so it is refused."
        case .rule(let rule, let ground):
            var text = "Rule \(rule.id) (\(rule.basis)) decides for \(crossing): \(rule.condition)."
            if let ground {
                text += " The transfer is based on \(Self.words(ground))."
            } else if effect != .permit {
                text +=
                    rule.grounds.isEmpty
                    ? " There is no exception."
                    : " It needs one of: \(rule.grounds.map(Self.words).joined(separator: ", "))."
            }
            return text
        }
    }
}

extension BorderVerdict {
    /// The verdict as `GET /network/v1/verdict` answers it.
    package var json: JSONObject {
        var json: JSONObject = [
            "verdict": .string(effect.rawValue), "allowed": .bool(isAllowed),
            "explanation": .string(explanation),
            "source": .string(question.source.text),
            "destination": .string(question.destination.text),
            "category": question.category.map { .string($0.rawValue) } ?? .null,
            "controller": .string(question.controller.rawValue),
            "asked": .string(question.date.text),
        ]
        if let rule {
            json["rule"] = .string(rule.id)
            json["article"] = .string(rule.basis)
            if let from = rule.from { json["date"] = .string(from.text) }
            json["confidence"] = .string(rule.confidence)
            json["references"] = .string(rule.references)
        }
        if let ground { json["ground"] = .string(Self.words(ground)) }
        if !isAllowed, let rule, !rule.grounds.isEmpty {
            json["needsOneOf"] = .array(rule.grounds.map { .string(Self.words($0)) })
        }
        if !duties.isEmpty { json["duties"] = .array(duties.map { .object(self.json($0)) }) }
        if !others.isEmpty { json["alsoInForce"] = .array(others.map(JSONValue.string)) }
        if !instruments.isEmpty {
            json["instruments"] = .array(instruments.map(JSONValue.string))
        }
        return json
    }

    /// `consent+contract` for what needs both.
    fileprivate static func words(_ ground: [TransferGround]) -> String {
        ground.map(\.rawValue).joined(separator: "+")
    }

    private func json(_ duty: BorderRule.Duty) -> JSONObject {
        var json: JSONObject = ["duty": .string(duty.text)]
        if let due = duty.due(question.date) { json["due"] = .string(due.text) }
        return json
    }
}
