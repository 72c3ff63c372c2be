package import ContextModel

/// Rules about data that crosses borders, as data with dates.
///
/// A question that no rule is about is refused.
package struct BorderRuleTable: Sendable, Hashable {
    package var title: String
    /// The rules in the order of the table; each has an identifier of its own.
    package var rules: [BorderRule]

    package init(title: String, rules: [BorderRule]) {
        self.title = title
        self.rules = rules
    }

    /// The verdict on a question, also where the data passes through other states.
    ///
    /// Of several crossings the strictest decides, the first of these.
    package func verdict(on question: BorderQuestion) -> BorderVerdict {
        let verdicts = question.crossings.map(crossingVerdict)
        return verdicts.dropFirst().reduce(verdicts[0]) { $1.isStricter(than: $0) ? $1 : $0 }
    }

    private func crossingVerdict(_ question: BorderQuestion) -> BorderVerdict {
        let matching = rules.filter { $0.role == .rule && $0.matches(question) }
        let exempted = matching.reduce(into: Set<String>()) { $0.formUnion($1.exempts) }
        let deciding = matching.filter { !exempted.contains($0.id) }
        if deciding.isEmpty, question.source == question.destination, question.category != nil {
            return BorderVerdict(question, .domestic)
        }
        guard let strictest = deciding.map(\.effect).max() else {
            return BorderVerdict(question, .otherwise(otherwise))
        }
        // What is conditional must meet each rule's condition; the first one that it does not meet decides.
        let ordered = deciding.sorted { $0.effect > $1.effect }
        let unmet = ordered.first { ground(for: $0, of: question) == nil && $0.effect != .permit }
        let decisive = unmet ?? ordered[0]
        return BorderVerdict(
            question,
            .rule(decisive, ground: ground(for: decisive, of: question)),
            effect: unmet?.effect ?? strictest,
            duties: deciding.flatMap(\.duties),
            others: deciding.map(\.id).filter { $0 != decisive.id },
            instruments: instruments(for: question)
        )
    }

    /// What two states have both agreed to.
    private func instruments(for question: BorderQuestion) -> [String] {
        rules.filter {
            $0.role == .instrument && $0.matches(question)
                && $0.sources.contains(question.destination)
        }
        .map(\.id)
    }

    private func ground(for rule: BorderRule, of question: BorderQuestion) -> [TransferGround]? {
        rule.grounds.first { question.allGrounds.isSuperset(of: $0) }
    }

    /// The rule for what no rule is about.
    private var otherwise: BorderRule? { rules.first { $0.role == .otherwise } }

    /// The rule that lets exemptions of a pilot space be made from this state on this day; nil where none does.
    package func pilotRule(from source: StateCode, on day: CivilDate) -> BorderRule? {
        rules.first {
            $0.role == .pilot && $0.sources.contains(source) && $0.isInForce(on: day)
        }
    }
}
