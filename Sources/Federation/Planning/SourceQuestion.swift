package import ContextModel

/// What one source is asked: the part of a question that one element of its registration is about.
///
/// A source cannot know that a registration is the reason of a request, so all that the
/// registration says narrows the question (clause 4.3.6.1).
package struct SourceQuestion: Sendable {
    package let registration: ContextSourceRegistration
    package let operation: DistributedOperation
    /// A type selection; `everything` for entities of any type.
    package let types: Condition
    /// In the order of their text; empty for any.
    package private(set) var ids: [EntityID]
    package private(set) var idPattern: Pattern?
    /// The attributes that are asked for, in the order of their text; empty for all.
    package let attributes: [IRI]
    /// The filters that the source decides.
    package private(set) var filters: [KeyValuePair]
    /// What is asked of histories; nil for the present.
    package private(set) var history: HistoryQuestion?
    /// The types of which every entity of the answer has at least one; empty for any.
    private let registeredTypes: Set<IRI>

    /// Types that an entity of the answer may have; empty where nothing is known of them.
    package var possibleTypes: Set<IRI> {
        registeredTypes.isEmpty ? types.oneOfTypes ?? [] : registeredTypes
    }

    /// The questions for one element of a registration's `information`; none where nothing of it
    /// is asked for.
    static func questions(
        _ registration: ContextSourceRegistration,
        _ information: RegistrationInfo,
        _ operation: DistributedOperation,
        _ question: FederatedQuestion
    ) -> [SourceQuestion] {
        let registered = information.attributes
        var wanted: Set<IRI> = []
        if question.narrowsAttributes, !question.attributes.isEmpty {
            wanted = question.attributes.union(question.filterAttributes)
        }
        let attributes =
            registered.isEmpty
            ? wanted : wanted.isEmpty ? registered : registered.intersection(wanted)
        guard registered.isEmpty || !attributes.isEmpty else { return [] }
        // A source that has a part of an entity cannot decide about the whole.
        let decides =
            question.passesFilters
            && (registered.isEmpty || question.filterAttributes.isSubset(of: registered))
        return question.selections.flatMap { selection in
            Extent.extents(of: information, selection).map { extent in
                SourceQuestion(
                    registration: registration,
                    operation: operation,
                    types: extent.types,
                    ids: extent.ids.sorted { $0.uri < $1.uri },
                    idPattern: extent.idPattern,
                    attributes: attributes.sorted { $0.text < $1.text },
                    filters: decides ? question.filters : [],
                    history: question.history,
                    registeredTypes: extent.registeredTypes
                )
            }
        }
    }

    /// Whether it is about one entity by its identifier.
    package var isRetrieval: Bool {
        operation == .retrieveEntity || operation == .retrieveTemporal
    }

    /// The question without filters: the hub decides them, for they cannot be said in the words of
    /// the source.
    package var withoutFilters: SourceQuestion {
        var question = self
        question.filters = []
        return question
    }

    /// The question for the rest of these histories, of which the source has told the part that ends at
    /// the moment (clause 6.3.10).
    ///
    /// What decides about a history is in all of its parts, so the source decides nothing about the
    /// rest. Throws where the part is no progress.
    package func rest(
        of found: [EntityID],
        after end: Timestamp
    ) throws(SourceProblem) -> SourceQuestion {
        guard let rest = history?.rest(after: end) else { throw .tooMuch }
        var question = withoutFilters
        question.ids = found
        question.idPattern = nil
        question.history = rest
        return question
    }

    /// Whether an entity in the answer of the source was asked for.
    package func asks(for entity: Entity) -> Bool {
        (ids.isEmpty || ids.contains(entity.id))
            && (idPattern?.matches(entity.id.uri) ?? true)
            && (registeredTypes.isEmpty || !registeredTypes.isDisjoint(with: entity.types))
    }

    /// The part of the entity that was asked for; its scopes are told in any case.
    package func askedPart(of entity: Entity) -> Entity {
        guard !attributes.isEmpty else { return entity }
        var part = entity
        part.attributes.removeAll { !attributes.contains($0.name) && $0.name != .scope }
        return part
    }
}

/// The entities that both a selection and a registration are about.
private struct Extent {
    var types: Condition
    var ids: Set<EntityID> = []
    var idPattern: Pattern?
    var registeredTypes: Set<IRI> = []

    static func extents(of information: RegistrationInfo, _ selection: EntitySelection) -> [Extent]
    {
        guard let entities = information.entities else {
            let extent = Extent(
                types: selection.types,
                ids: selection.ids ?? [],
                idPattern: selection.ids == nil ? selection.idPattern : nil
            )
            return [extent]
        }
        var extents: [Extent] = []
        for entity in entities where selection.types.mayHold(forTypes: entity.types) {
            guard let extent = Extent(entity, selection) else { continue }
            // Entities of the same types that are registered one by one are asked for together.
            let place = extents.firstIndex {
                $0.registeredTypes == extent.registeredTypes && !$0.ids.isEmpty
                    && !extent.ids.isEmpty
            }
            if let place {
                extents[place].ids.formUnion(extent.ids)
            } else {
                extents.append(extent)
            }
        }
        return extents
    }

    private init(types: Condition, ids: Set<EntityID>, idPattern: Pattern?) {
        self.types = types
        self.ids = ids
        self.idPattern = idPattern
    }

    /// Returns nil where they have nothing in common.
    private init?(_ entity: EntityInfo, _ selection: EntitySelection) {
        registeredTypes = Set(entity.types)
        types =
            entity.types.count == 1
            ? .type(entity.types[0]) : .all(entity.types.map { .type($0) })
        if let id = entity.id {
            guard selection.ids?.contains(id) ?? true,
                selection.idPattern?.matches(id.uri) ?? true
            else { return nil }
            ids = [id]
        } else if let asked = selection.ids {
            ids = asked.filter { entity.idPattern?.matches($0.uri) ?? true }
            if ids.isEmpty { return nil }
        } else {
            idPattern = entity.idPattern ?? selection.idPattern
        }
    }
}
