import ContextModel

/// What a caller may read of data about people, rule by rule.
struct SubjectRights {
    private let caller: Caller
    private let classification: Classification
    private let choices: ChoiceBook?
    private let isPurposeUnknown: Bool
    /// The rules that let the caller do it.
    private let rules: [Permission]
    /// What was made already: rules with the same words share one term.
    private var ordinary: Condition?
    private var personal: [LegalBasis: Condition] = [:]
    private var attributes: [IRI: [LegalBasis: Condition]] = [:]

    /// `rules` are those that the record may name.
    init(
        of caller: Caller,
        _ classification: Classification,
        _ choices: ChoiceBook?,
        by rules: [Permission] = []
    ) {
        self.rules = rules
        self.caller = caller
        self.classification = classification
        self.choices = choices
        isPurposeUnknown = caller.purpose.map { !$0.isKnown } ?? false
    }

    /// What is not about people; public data alone for a purpose that nobody knows.
    var ordinaryData: Condition {
        mutating get {
            if let made = ordinary { return made }
            let made: Condition
            if isPurposeUnknown {
                made = test(classification.needs, publicOf: classification)
            } else {
                made = classification.needs.isEmpty ? .everything : test(classification.needs)
            }
            ordinary = made
            return made
        }
    }

    /// What a permission may cover: data about people only if it says for which purposes, and as far as
    /// these people's choices let it.
    mutating func data(under rule: Permission) -> Condition {
        guard !classification.needs.isEmpty, let use = use(under: rule) else { return ordinaryData }
        if let made = personal[rule.basis] { return made }
        let made = test(classification.needs, for: use)
        personal[rule.basis] = made
        return made
    }

    /// Attributes about people in entities that are not about people by themselves: hidden but for what
    /// the rules cover.
    mutating func hiddenAttributes(except rules: [Permission]) -> [HiddenAttributes.Element] {
        var hidden: [HiddenAttributes.Element] = []
        for (type, need) in classification.attributeNeeds {
            var shown = Condition.nothing
            for rule in rules {
                guard let use = use(under: rule) else { continue }
                let data = attributes[type]?[rule.basis] ?? test([type: need], for: use)
                attributes[type, default: [:]][rule.basis] = data
                shown = shown.or(rule.target.and(data))
            }
            hidden.append(
                HiddenAttributes.Element(
                    condition: shown == .nothing ? .type(type) : .type(type).and(.not(shown)),
                    names: classification.types[type]?.personalAttributes ?? []
                )
            )
        }
        return hidden
    }

    private func use(under rule: Permission) -> SubjectTest.Use? {
        guard let purpose = caller.purpose, purpose.isKnown, !rule.purposes.isEmpty else {
            return nil
        }
        return SubjectTest.Use(
            choices: choices ?? ChoiceBook(),
            purpose: purpose,
            recipient: caller.party.id,
            basis: rule.basis,
            rules: RulesOfUse(
                [rule] + rules.filter { $0.basis == rule.basis && !$0.purposes.isEmpty }
            )
        )
    }

    private func test(
        _ needs: [IRI: SubjectTest.Need],
        publicOf classification: Classification? = nil,
        for use: SubjectTest.Use? = nil
    ) -> Condition {
        .decided(EntityDecision(SubjectTest(needs, publicOf: classification, for: use)))
    }
}
