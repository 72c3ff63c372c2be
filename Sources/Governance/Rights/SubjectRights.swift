import ContextModel

/// What a caller may read of data about people, rule by rule: made for one decision.
struct SubjectRights {
    private let caller: Caller
    private let classification: Classification
    private let choices: ChoiceBook?
    private let isPurposeUnknown: Bool
    /// nil where no entity is about people.
    let notes: DisclosureNotes?

    init(of caller: Caller, _ classification: Classification, _ choices: ChoiceBook?) {
        self.caller = caller
        self.classification = classification
        self.choices = choices
        isPurposeUnknown = caller.purpose.map { !$0.isKnown } ?? false
        notes = classification.isAboutPeople ? DisclosureNotes(choices) : nil
    }

    /// What is not about people; public data alone for a purpose that nobody knows.
    var ordinaryData: Condition {
        if isPurposeUnknown { return test(classification.needs, publicOf: classification) }
        return classification.needs.isEmpty ? .everything : test(classification.needs)
    }

    /// What a permission may cover: data about people only if it says for which purposes, and as far as
    /// these people's choices let it.
    func data(under rule: Permission) -> Condition {
        guard !classification.needs.isEmpty, let use = use(under: rule) else { return ordinaryData }
        return test(classification.needs, for: use)
    }

    /// Attributes about people in entities that are not about people by themselves: hidden but for what
    /// the rules cover.
    func hiddenAttributes(except rules: [Permission]) -> [HiddenAttributes.Element] {
        classification.attributeNeeds.map { type, need in
            let shown = rules.reduce(Condition.nothing) { shown, rule in
                guard let use = use(under: rule) else { return shown }
                return shown.or(rule.target.and(test([type: need], for: use)))
            }
            return HiddenAttributes.Element(
                condition: shown == .nothing ? .type(type) : .type(type).and(.not(shown)),
                names: classification.types[type]?.personalAttributes ?? []
            )
        }
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
            rule: rule.name
        )
    }

    private func test(
        _ needs: [IRI: SubjectTest.Need],
        publicOf classification: Classification? = nil,
        for use: SubjectTest.Use? = nil
    ) -> Condition {
        .decided(
            EntityDecision(
                SubjectTest(needs, publicOf: classification, for: use, notes: notes)
            )
        )
    }
}
