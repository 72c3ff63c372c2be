import ContextModel

/// The verdict on a request to erase what is kept about a person.
package enum ErasureDecision: Sendable {
    /// The rights to find what is about the person, and to erase it.
    case grant(finding: ReadGrant, erasing: WriteGrant)
    case deny(DenyReason)
}

extension Policy {
    /// Decides whether the caller may see all that is kept about a person: the person alone.
    ///
    /// The grant covers what is about the person, whatever anybody has chosen. Whoever else it is about finds in
    /// the record that it was read.
    package func decideAccess(to subject: SubjectID, _ caller: Caller) -> ReadDecision {
        guard caller.subject == subject else {
            return .deny(caller.party == .anonymous ? .unauthenticated : .forbidden)
        }
        return decide(aboutAll: subject, caller, DisclosureNotes(nil))
    }

    /// Decides whether the caller may erase all that is kept about a person: the person, and who runs the
    /// hub.
    ///
    /// Nothing that it lets be read leaves the hub.
    package func decideErasure(of subject: SubjectID, _ caller: Caller) -> ErasureDecision {
        guard caller.subject == subject || permitsAdministration(caller) else {
            return .deny(caller.party == .anonymous ? .unauthenticated : .forbidden)
        }
        return switch decide(aboutAll: subject, caller) {
        case .grant(let found):
            .grant(
                finding: found,
                erasing: WriteGrant(condition: .everything, sharer: found.sharer)
            )
        case .deny(let reason): .deny(reason)
        }
    }

    private func decide(
        aboutAll subject: SubjectID,
        _ caller: Caller,
        _ notes: DisclosureNotes? = nil
    ) -> ReadDecision {
        guard let classification else { return .deny(.notReady) }
        let decider = NamesSubject(subject, classification, notes)
        return .grant(
            ReadGrant(
                condition: .decided(EntityDecision(decider)),
                hidden: HiddenAttributes(),
                sharer: caller.sharer,
                notes
            )
        )
    }
}

/// Whether an entity is about a person; it notes whom else it is about.
final class NamesSubject: EntityDecider {
    private let subject: String
    private let needs: [IRI: SubjectTest.Need]
    let attributeNames: [IRI]
    let mention: EntityMention?
    private let notes: DisclosureNotes?

    init(_ subject: SubjectID, _ classification: Classification, _ notes: DisclosureNotes?) {
        self.notes = notes
        self.subject = subject.uri
        needs = classification.needs.merging(classification.attributeNeeds) { own, _ in own }
            .filter(\.value.meaning.isAboutPeople)
        let paths = Set(needs.values.flatMap(\.paths))
        // No index knows the attributes of attributes.
        mention =
            paths.contains { $0.names.count > 1 }
            ? nil
            : EntityMention(
                subject.uri,
                in: paths.compactMap(\.names.first).sorted { $0.text < $1.text },
                orIdentifier: paths.contains { $0.names.isEmpty }
            )
        attributeNames = Array(
            Set(needs.values.flatMap { $0.paths.compactMap(\.names.first) })
        )
    }

    func holds(forTypes types: [IRI]) -> Bool? {
        types.contains { needs[$0] != nil } ? nil : false
    }

    func holds(for entity: Entity) -> Bool {
        var subjects: Set<String> = []
        for need in entity.types.compactMap({ needs[$0] }) {
            for path in need.paths { path.addSubjects(of: entity, to: &subjects) }
        }
        guard subjects.contains(subject) else { return false }
        notes?.note(entity, DisclosureNotes.Note(nil, subjects, .none, entity))
        return true
    }
}
