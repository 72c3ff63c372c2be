package import ContextModel
import Synchronization

/// The term of a grant that says whether data about people may be used: by its class, and by what these
/// people chose.
///
/// It is decided for each entity at each reading, so a choice counts from the moment on at which the
/// `ChoiceBook` has it. An entity that should name somebody and names nobody is covered by no grant.
package final class SubjectTest: EntityDecider {
    /// What is needed of the entities of a type, or of attributes of theirs.
    struct Need: Sendable, Hashable {
        let paths: [SubjectPath]
        let meaning: DataClass.Meaning

        /// Whether it is met wherever the other one is.
        func isWithin(_ other: Need) -> Bool {
            paths == other.paths && meaning.isWithin(other.meaning)
        }
    }

    /// Types whose entities need a purpose.
    private let needs: [IRI: Need]
    /// Where other classes than those about people are to be told apart.
    private let classification: Classification?
    /// For whom, and for what, data about people may be used; nil if it may not.
    private let use: Use?
    /// Where it notes whom it lets through; nil where nobody reads by it.
    let notes: DisclosureNotes?

    /// What data about people is used for.
    final class Use: Sendable {
        let choices: ChoiceBook
        let purpose: Purpose
        let recipient: PartyID?
        let basis: LegalBasis
        /// The rules that let it, one of them for each entity.
        let rules: RulesOfUse

        init(
            choices: ChoiceBook,
            purpose: Purpose,
            recipient: PartyID?,
            basis: LegalBasis,
            rules: RulesOfUse
        ) {
            self.choices = choices
            self.purpose = purpose
            self.recipient = recipient
            self.basis = basis
            self.rules = rules
        }
    }

    /// With a `classification` it holds for public data alone.
    init(
        _ needs: [IRI: Need],
        publicOf classification: Classification? = nil,
        for use: Use?
    ) {
        self.needs = needs
        self.classification = classification
        self.use = use
        notes = nil
        attributeNames =
            use == nil
            ? []
            : Array(
                Set(
                    needs.values.filter(\.meaning.isAboutPeople)
                        .flatMap { $0.paths.compactMap(\.names.first) }
                )
            )
    }

    private init(_ test: SubjectTest, _ notes: DisclosureNotes) {
        needs = test.needs
        classification = test.classification
        use = test.use
        attributeNames = test.attributeNames
        self.notes = notes
    }

    /// Whether it asks what people chose, and so lets data about them through.
    var asksPeople: Bool { use != nil }

    /// The same test, which notes whom it lets through.
    func noting(_ notes: DisclosureNotes) -> SubjectTest { SubjectTest(self, notes) }

    /// Whether it holds wherever the other one does, which is of the same caller.
    func allows(allOf other: SubjectTest) -> Bool {
        guard classification == nil, other.classification == nil, needs.count == other.needs.count,
            needs.allSatisfy({ type, need in
                other.needs[type].map { need.isWithin($0) } ?? false
            }), let use
        else { return false }
        guard let less = other.use else { return true }
        switch (use.basis, less.basis) {
        case (.override, _), (.untilObjected, .consent), (.untilObjected, .untilObjected),
            (.consent, .consent):
            return true
        case (.untilObjected, .override), (.consent, _): return false
        }
    }

    package let attributeNames: [IRI]

    package func holds(forTypes types: [IRI]) -> Bool? {
        if let classification { return classification.dataClass(of: types) == .public }
        return answer(types.compactMap { needs[$0] })
    }

    /// The answer for all entities of which this is needed; nil when it depends on whom they are about.
    private func answer(_ needs: [Need]) -> Bool? {
        guard !needs.isEmpty else { return true }
        if use == nil { return false }
        return needs.contains(where: \.meaning.isAboutPeople) ? nil : true
    }

    package func holds(for entity: Entity) -> Bool {
        if classification != nil { return holds(forTypes: entity.types) ?? false }
        let needs = entity.types.compactMap { self.needs[$0] }
        if let answer = answer(needs) { return answer }
        guard let use else { return false }
        var subjects: Set<String> = []
        var choice = use.basis == .consent ? DataClass.Choosing.consent : .none
        for need in needs where need.meaning.isAboutPeople {
            var named: Set<String> = []
            for path in need.paths { path.addSubjects(of: entity, to: &named) }
            guard !named.isEmpty else { return false }
            subjects = subjects.isEmpty ? named : subjects.union(named)
            choice = max(choice, need.meaning.choice)
        }
        if use.basis == .override { choice = .none }
        let note = DisclosureNotes.Note(use, subjects, choice, entity)
        guard note.isAllowed else { return false }
        notes?.note(entity, note)
        return true
    }
}

/// Whom the entities are about that a session has come across: what it discloses of them goes into the
/// record.
package final class DisclosureNotes: Sendable {
    /// Whom an entity is about, and by which rule it may be read.
    package struct Note: Sendable {
        package private(set) var subjects: Set<String>
        /// How far these people's choices go.
        private var choice: DataClass.Choosing
        /// nil for the right of a person to all that is about it.
        private let use: SubjectTest.Use?
        private let id: EntityID
        private var types: [IRI]

        init(
            _ use: SubjectTest.Use?,
            _ subjects: Set<String>,
            _ choice: DataClass.Choosing,
            _ entity: Entity
        ) {
            self.subjects = subjects
            self.choice = choice
            self.use = use
            id = entity.id
            types = entity.types
        }

        /// The name of the rule; nil where it has none, and for a person's own right.
        package var rule: String? { use?.rules.name(for: id, types) }

        /// Adds the people, choices and types of another note about the same entity, whose parts may name
        /// different people.
        fileprivate mutating func join(_ other: Note) {
            subjects.formUnion(other.subjects)
            choice = max(choice, other.choice)
            types += other.types.filter { !types.contains($0) }
        }

        /// Whether these people's choices let it be used now.
        fileprivate var isAllowed: Bool {
            guard choice != .none, let use else { return true }
            return use.choices.allow(
                subjects,
                use.purpose,
                to: use.recipient,
                needsConsent: choice == .consent
            )
        }
    }

    private struct State {
        var notes: [ExactText: Note] = [:]
        /// The number that the choices had when the first note was made.
        var version = 0
    }
    private let state = Mutex(State())
    private let choices: ChoiceBook?

    init(_ choices: ChoiceBook?) {
        self.choices = choices
        state.withLock { $0.version = choices?.version ?? 0 }
    }

    func note(_ entity: Entity, _ note: Note) {
        state.withLock { state in
            let id = ExactText(entity.id.uri)
            var note = note
            if let known = state.notes[id] { note.join(known) }
            state.notes[id] = note
        }
    }

    /// Whom the entity is about; nil if it is about nobody, or was not come across.
    package subscript(id: EntityID) -> Note? {
        state.withLock { $0.notes[ExactText(id.uri)] }
    }

    /// Whether no data about people was come across.
    package var isEmpty: Bool { state.withLock(\.notes.isEmpty) }

    /// Whether people's choices let all of it be used now; it is looked at again where any has changed.
    package var areStillAllowed: Bool {
        state.withLock { state in
            let version = choices?.version ?? 0
            if version == state.version { return true }
            return state.notes.values.allSatisfy(\.isAllowed)
        }
    }
}
