import ContextModel
import Federation
import Governance
import Storage

/// What sources say of types and attributes, as far as the caller may know of it.
struct DiscoveredElsewhere: Sendable {
    var things = DiscoveredThings()
    var warnings: [AnswerWarning] = []
    /// What is held elsewhere alone, whether its source is asked or not.
    var claims = ClaimIndex()
}

extension Reading {
    /// Asks the sources whose registrations match which types and attributes there are (clause
    /// 5.7.11); nothing where the question is not passed on.
    ///
    /// A type is told of that the caller may read whatever else an entity of it has, and an
    /// attribute that no such entity hides: what only the source knows makes no rule hold.
    func discovered(
        _ question: DiscoveryQuestion,
        _ forwarding: Forwarding?,
        _ session: ReadSession,
        _ caller: Caller
    ) async throws -> DiscoveredElsewhere {
        var found = DiscoveredElsewhere()
        let view = DiscoveryView(session.grant)
        guard let forwarding, session.grant.condition != .nothing, view.mayAsk(question),
            try await federating.hasSources(caller.tenant),
            let asking = federating.asking(forwarding, caller)
        else { return found }
        let matches = try await federating.matches(RegistrationQuery(question), caller.tenant)
        found.claims = ClaimIndex(matches.map(\.registration))
        let plan = DiscoveryPlan(question, to: matches, via: forwarding.via)
        for registration in plan.leftOut { found.warn(.tooManySources, of: registration) }
        let results = await federating.results(of: plan.parts, at: \.registration, caller) {
            (part) throws(SourceProblem) in try await asking.things(part)
        }
        for (part, result) in zip(plan.parts, results) {
            switch result {
            case .success(let things):
                found.things.types += things.types.compactMap(view.shown)
                found.things.attributes += things.attributes.compactMap(view.shown)
            case .failure(let problem): found.warn(problem, of: part.registration)
            }
        }
        return found
    }
}

extension RegistrationQuery {
    fileprivate init(_ question: DiscoveryQuestion) {
        switch question {
        case .type(let type): self.init(entities: [EntitySpecification(types: .type(type))])
        case .attribute(let name): self.init(attributes: [name])
        case .types, .typeDetails, .attributes, .attributeDetails: self.init()
        }
    }
}

extension DiscoveredElsewhere {
    fileprivate mutating func warn(
        _ problem: SourceProblem,
        of registration: ContextSourceRegistration
    ) {
        warnings.append(AnswerWarning(problem, of: registration))
    }
}

extension SourceAsking {
    fileprivate func things(
        _ part: DiscoveryPlan.Part
    ) async throws(SourceProblem) -> DiscoveredThings {
        let contexts = SourceContexts(federating.resolver, for: caller.sharer)
        let manner = try await manner(for: part.registration, contexts)
        let answer = try await self.answer(to: part.request(in: manner))
        return try await read(answer, manner, contexts) { (elements) throws(SourceProblem) in
            try DiscoveredThings(elements, to: part)
        } ?? DiscoveredThings()
    }
}

/// Which types and attributes of sources a reader may know of.
private struct DiscoveryView {
    private let grant: ReadGrant

    init(_ grant: ReadGrant) { self.grant = grant }

    /// Whether the reader may know of anything that answers the question.
    func mayAsk(_ question: DiscoveryQuestion) -> Bool {
        switch question {
        case .type(let type): isSeen(type)
        case .attribute(let name): !grant.hidden.everywhere.contains(name)
        case .types, .typeDetails, .attributes, .attributeDetails: true
        }
    }

    func shown(_ type: DiscoveredType) -> DiscoveredType? {
        guard isSeen(type.type) else { return nil }
        var shown = type
        shown.attributes.removeAll { isHidden($0.name, in: type.type) }
        return shown
    }

    func shown(_ attribute: DiscoveredAttribute) -> DiscoveredAttribute? {
        guard let types = attribute.types else {
            return isSeen(nil) && !isHidden(attribute.name, in: nil) ? attribute : nil
        }
        let seen = types.filter { isSeen($0) && !isHidden(attribute.name, in: $0) }
        guard !seen.isEmpty else { return nil }
        var shown = attribute
        shown.types = seen
        // It counts entities of all types.
        if seen.count < types.count { shown.count = 0 }
        return shown
    }

    /// Whether any entity of the type, or of any type, may be seen.
    private func isSeen(_ type: IRI?) -> Bool {
        EntityAtSource(nil, types: type.map { [$0] }).verdict(on: grant.condition) == true
    }

    private func isHidden(_ name: IRI, in type: IRI?) -> Bool {
        let entity = EntityAtSource(nil, types: type.map { [$0] })
        return grant.hidden.everywhere.contains(name)
            || grant.hidden.elements.contains {
                $0.names.contains(name) && entity.verdict(on: $0.condition) != false
            }
    }
}

// MARK: - Putting together

extension [TypeInformation] {
    /// These and what sources say, in the order of their names; counts are added, so an entity of
    /// which several have a part counts several times (clause 5.7.11).
    ///
    /// Throws `tooManyResults` beyond the limit of one answer.
    func joined(
        with found: [DiscoveredType],
        _ limits: HubLimits
    ) throws(BrokerError) -> [TypeInformation] {
        guard !found.isEmpty else { return self }
        var byType: [IRI: TypeInformation] = [:]
        for own in self { byType[own.type] = own }
        var attributes: [IRI: [DiscoveredAttribute]] = [:]
        for type in found {
            byType[
                type.type,
                default: TypeInformation(type: type.type, entityCount: 0, attributes: [])
            ].entityCount += type.count
            attributes[type.type, default: []] += type.attributes
        }
        var size = DiscoverySize(limits)
        var joined: [TypeInformation] = []
        for var type in byType.values.sorted(by: { $0.type.text < $1.type.text }) {
            type.attributes = type.attributes.joined(with: attributes[type.type] ?? [])
            try size.take(type.attributes.count)
            joined.append(type)
        }
        return joined
    }
}

extension [AttributeInformation] {
    /// These and what sources say.
    ///
    /// Throws `tooManyResults` beyond the limit of one answer.
    func joined(
        with found: [DiscoveredAttribute],
        _ limits: HubLimits
    ) throws(BrokerError) -> [AttributeInformation] {
        let joined = joined(with: found)
        var size = DiscoverySize(limits)
        for attribute in joined { try size.take(attribute.types.count) }
        return joined
    }

    fileprivate func joined(with found: [DiscoveredAttribute]) -> [AttributeInformation] {
        guard !found.isEmpty else { return self }
        var byName: [IRI: AttributeInformation] = [:]
        for own in self { byName[own.name] = own }
        var types: [IRI: Set<IRI>] = [:]
        for attribute in found {
            let none = AttributeInformation(
                name: attribute.name,
                attributeCount: 0,
                kinds: [],
                types: []
            )
            byName[attribute.name, default: none].attributeCount += attribute.count
            byName[attribute.name]?.kinds.formUnion(attribute.kinds)
            types[attribute.name, default: []].formUnion(attribute.types ?? [])
        }
        for (name, found) in types {
            let all = found.union(byName[name]?.types ?? [])
            byName[name]?.types = all.sorted { $0.text < $1.text }
        }
        return byName.values.sorted { $0.name.text < $1.name.text }
    }
}
