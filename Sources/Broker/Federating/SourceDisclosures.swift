import ContextModel
import Federation
import Governance
import Record

/// What sources are told of people by being asked, or by a part of a change.
///
/// An identifier that is asked for, and a value that is sent, may tell of a person as an answer does,
/// so it is in the record before it leaves.
struct SourceDisclosures {
    /// What one source is told of one entity.
    struct Told {
        var source: String
        var id: EntityID
        /// The persons that the entity is about, as far as the hub knows.
        var subjects: Set<String>
        /// The attributes of which the source gets values.
        var names: [IRI]
    }

    private(set) var told: [Told] = []
    private let classification: Classification

    /// Without a classification nothing is about people.
    init(_ classification: Classification?) {
        self.classification = classification ?? Classification()
    }

    /// Whether anything may be about people.
    var isNeeded: Bool { classification.isAboutPeople }

    /// Adds what the source is told of the entity.
    mutating func tell(
        _ source: ContextSourceRegistration,
        of entity: Entity,
        naming names: [IRI] = []
    ) {
        let subjects = classification.subjects(of: entity)
        guard !subjects.isEmpty else { return }
        told.append(Told(source: source.id, id: entity.id, subjects: subjects, names: names))
    }

    /// Adds the identifiers in questions; `own` is what the hub has of the entities itself.
    mutating func tell(_ questions: [SourceQuestion], knowing own: [EntityID: Entity]) {
        guard isNeeded else { return }
        for question in questions {
            for id in question.ids {
                let types = question.possibleTypes.sorted { $0.text < $1.text }
                tell(question.registration, of: own[id] ?? Entity(id: id, types: types))
            }
        }
    }
}

extension SessionRecord {
    /// Notes what sources are told, and waits until that is on disk.
    ///
    /// Throws when the record cannot be written.
    func note(_ disclosures: SourceDisclosures) async throws(BrokerError) {
        guard !disclosures.told.isEmpty else { return }
        var openings: [[String]: Opening] = [:]
        let (now, party) = (recorder.now, party)
        for told in disclosures.told {
            for subject in told.subjects {
                let new = Opening(
                    subject: subject,
                    tenant: tenant,
                    party: told.source,
                    purpose: purpose,
                    time: now,
                    details: ["for": .string(party)]
                )
                openings[[subject, told.source], default: new].add(told.id, told.names)
            }
        }
        try await recorder.append(.read, state: state, openings: Array(openings.values))
    }
}
