package import ContextModel
package import Governance

/// A use of data about people that a rule in force allows, as it is for one person.
package struct DataUse: Sendable, Hashable {
    /// The name of the rule; nil where it has none.
    package var rule: String?
    package var purpose: Purpose
    /// Who uses the data; nil for everybody.
    package var recipient: PartyID?
    /// The types of entities; none where the rule names certain entities.
    package var types: [IRI]
    /// What the use rests on; consent, too, where the data is sensitive.
    package var basis: LegalBasis
    /// Whether the person's choices let it happen now.
    package var isAllowed: Bool
}

extension Governing {
    /// The uses of data about people that rules in force allow, and whether the person's choices let each
    /// of them happen: for the person alone.
    ///
    /// Not part of the standard.
    package func uses(ofDataAbout subject: SubjectID, caller: Caller) async throws -> [DataUse] {
        try requireSelf(subject, caller)
        let policy = try await access.policy(of: caller.tenant)
        guard let classification = policy.classification else {
            throw BrokerError(DenyReason.notReady)
        }
        let choices = policy.choices ?? ChoiceBook()
        var uses: Set<DataUse> = []
        for permission in policy.permissions
        where !permission.actions.isDisjoint(with: [.read, .subscribe]) {
            for (types, choice) in permission.target.personalTypes(classification) {
                let basis = permission.basis.with(choice)
                for purpose in permission.purposes {
                    let recipient = permission.assignee.recipient
                    let isAllowed =
                        basis == .override
                        || choices.allow(
                            [subject.uri],
                            purpose,
                            to: recipient,
                            needsConsent: basis == .consent
                        )
                    uses.insert(
                        DataUse(
                            rule: permission.name,
                            purpose: purpose,
                            recipient: recipient,
                            types: types,
                            basis: basis,
                            isAllowed: isAllowed
                        )
                    )
                }
            }
        }
        return uses.sorted { $0.place.lexicographicallyPrecedes($1.place) }
    }
}

extension Governing {
    /// The purposes for which rules in force let the caller read, whatever purpose it asks with now: those that the
    /// rules name, by their texts.
    ///
    /// Not part of the standard. Throws the store's error when it cannot read the tenant's rules.
    package func purposes(of caller: Caller) async throws -> [Purpose] {
        try await access.policy(of: caller.tenant).purposes(of: caller)
    }
}

extension LegalBasis {
    /// What a use rests on, where the class of the data says how far choices go.
    fileprivate func with(_ choice: DataClass.Choosing) -> LegalBasis {
        switch (self, choice) {
        case (.untilObjected, .none): .override
        case (.untilObjected, .consent): .consent
        default: self
        }
    }
}

extension DataUse {
    fileprivate var place: [String] {
        [purpose.text, recipient?.text ?? "", rule ?? ""] + types.map(\.text)
    }
}

extension Permission.Assignee {
    /// The party that choices can name; nil for more than one.
    fileprivate var recipient: PartyID? {
        switch self {
        case .anyone, .role, .otherRole: nil
        case .all(let assignees): assignees.lazy.compactMap(\.recipient).first
        case .party(let id): id
        case .service(let name): Party.service(name).id
        }
    }
}

extension Condition {
    /// The types that it names and whose entities, or attributes of them, are about people; by how far
    /// people's choices go.
    ///
    /// One without types means what nobody can tell from the rule alone: certain entities.
    fileprivate func personalTypes(
        _ classification: Classification
    ) -> [(types: [IRI], choice: DataClass.Choosing)] {
        guard let named = namedTypes else { return [([], .objection)] }
        let people = named.filter { classification.types[$0]?.highestClass.isAboutPeople ?? false }
        return DataClass.Choosing.allCases.compactMap { choice in
            let types = people.filter {
                classification.types[$0]?.highestClass.meaning.choice == choice
            }
            return types.isEmpty ? nil : (types, choice)
        }
    }

    /// The types, if it names types and nothing else.
    package var namedTypes: [IRI]? {
        switch self {
        case .type(let type): return [type]
        case .any(let conditions):
            var types: [IRI] = []
            for condition in conditions {
                guard let some = condition.namedTypes else { return nil }
                types += some
            }
            return types
        default: return nil
        }
    }
}
