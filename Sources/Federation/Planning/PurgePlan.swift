package import ContextModel

/// What of the entities found a purge takes away (clause 5.6.21).
package enum PurgeExtent: Sendable, Hashable {
    case entities
    /// Only these attributes of the entities found.
    case attributes(Set<IRI>)
    /// All attributes of the entities found except these.
    case attributesExcept(Set<IRI>)

    /// The part of it that is about these attributes, or about any where they are empty; nil where
    /// nothing of it is.
    func part(about registered: Set<IRI>) -> PurgeExtent? {
        guard !registered.isEmpty else { return self }
        let dropped: Set<IRI>
        switch self {
        case .entities: return .entities
        case .attributes(let names): dropped = names.intersection(registered)
        case .attributesExcept(let names): dropped = registered.subtracting(names)
        }
        return dropped.isEmpty ? nil : .attributes(dropped)
    }
}

/// Which sources purge what (clause 5.6.21).
package struct PurgePlan: Sendable {
    /// What one source purges.
    package struct Part: Sendable {
        /// The entities, with the filters that the source decides.
        package let question: SourceQuestion
        package let extent: PurgeExtent
    }

    package private(set) var parts: [Part] = []
    /// The sources that alone have some of it and do not offer to purge.
    package private(set) var refused: [ContextSourceRegistration] = []
    /// The sources that cannot be told which entities are meant, and are not asked: they would
    /// purge more of them.
    package private(set) var inexact: [ContextSourceRegistration] = []

    /// `via` are the names of the sources that the request has come through.
    package init(
        _ question: FederatedQuestion,
        _ extent: PurgeExtent,
        to matches: [MatchedRegistration],
        via: [String] = []
    ) {
        var question = question
        question.selections = question.selections.map(\.exact)
        for match in matches {
            let registration = match.registration
            let isLoop = registration.alias.map(via.contains) ?? false
            guard registration.mode != .auxiliary, !isLoop else { continue }
            let found = match.information.flatMap { index -> [Part] in
                let information = registration.information[index]
                guard let part = extent.part(about: information.attributes) else { return [] }
                return SourceQuestion.questions(
                    registration,
                    information,
                    .purgeEntity,
                    question
                ).map { Part(question: $0, extent: part) }
            }
            if found.isEmpty { continue }
            guard registration.operations.contains(.purgeEntity) else {
                if registration.isProxied { refused.append(registration) }
                continue
            }
            let areExact = found.allSatisfy { $0.question.isExact(for: question) }
            if areExact { parts += found } else { inexact.append(registration) }
        }
    }
}

extension EntitySelection {
    /// The same selection by identifiers alone, where it has identifiers and a pattern.
    fileprivate var exact: EntitySelection {
        guard let ids, let idPattern else { return self }
        var selection = self
        selection.ids = ids.filter { idPattern.matches($0.uri) }
        selection.idPattern = nil
        return selection
    }
}

extension SourceQuestion {
    /// Whether an entity that meets it, and that the registration is about, is one that was asked
    /// for: filters that the source cannot decide, and a pattern beside the registered one, are
    /// left out of questions, as the hub looks at all answers.
    fileprivate func isExact(for question: FederatedQuestion) -> Bool {
        filters.count == question.filters.count
            && (!ids.isEmpty
                || question.selections.allSatisfy {
                    $0.idPattern == nil || $0.idPattern?.text == idPattern?.text
                })
    }
}

extension PurgePlan.Part {
    /// The request for it; nil where its filters cannot be said in the words of the source.
    package func request(in manner: SourceManner, isInCallersWords: Bool) -> SourceRequest? {
        guard question.filters.isEmpty || isInCallersWords else { return nil }
        var request = manner.request(.purgeEntity, to: question.registration)
        let context = manner.context
        func add(_ name: String, _ value: String) {
            request.parameters.append(KeyValuePair(key: name, value: value))
        }
        func list(_ names: Set<IRI>) -> String {
            names.map(context.compact).sorted().joined(separator: ",")
        }
        if let types = question.types.typeSelection(in: context) { add("type", types) }
        if !question.ids.isEmpty {
            add("id", question.ids.map(\.uri).joined(separator: ","))
        }
        if let pattern = question.idPattern { add("idPattern", pattern.text) }
        request.parameters += question.filters
        switch extent {
        case .entities: break
        case .attributes(let names): add("drop", list(names))
        case .attributesExcept(let names): add("keep", list(names))
        }
        return request
    }
}
