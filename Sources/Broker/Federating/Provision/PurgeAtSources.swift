import ContextModel
import Federation
import Governance
import Storage

extension Writing {
    /// Has sources purge what they have (clause 5.6.21).
    ///
    /// A source is asked to purge only entities that the caller may read and change here, whatever other types they have
    /// there. A filter that the source may not know, or cannot decide, is answered with a conflict: without the
    /// filter the source would remove more.
    func purgeAtSources(
        _ condition: Condition,
        _ extent: PurgeExtent,
        _ forwarding: Forwarding,
        reading session: ReadSession,
        _ writing: WriteSession,
        _ caller: Caller
    ) async throws -> DistributedAnswer<Int> {
        var answer = DistributedAnswer<Int>()
        let federating = reading.federating
        guard session.grant.condition != .nothing,
            try await federating.hasSources(caller.tenant)
        else { return answer }
        let ids = forwarding.selections.reduce(into: Set<EntityID>()) {
            $0.formUnion($1.ids ?? [])
        }
        let own = ids.isEmpty ? [:] : try await session.ownParts(of: ids)
        guard let askable = try session.askable(forwarding, knowing: own),
            let asking = federating.asking(askable, caller)
        else { return answer }
        let question = reading.question(condition, Representation(), askable, session.grant)
        let matches = try await federating.matches(question, nil, caller.tenant).chosen(
            by: askable.csf
        )
        let plan = PurgePlan(question, extent, to: matches, via: askable.via)
        let parts = plan.parts.filter { part in
            part.possible.allSatisfy {
                $0.verdict(on: session.grant.condition) == true
                    && writing.may(change: $0, naming: extent.names)
            }
        }
        let policy = try await access.policy(of: caller.tenant)
        var disclosures = SourceDisclosures(policy.classification)
        disclosures.tell(parts.map(\.question), knowing: own)
        try await session.note(disclosures)
        for registration in plan.refused { answer.fail(registration, .purgeNotOffered) }
        for registration in plan.inexact { answer.fail(registration, .purgeTooWide) }
        for (part, error) in zip(parts, await asking.purge(parts)) {
            guard let error else {
                answer.sources += 1
                continue
            }
            answer.fail(part.question.registration, error)
        }
        return answer
    }
}

extension PurgePlan.Part {
    /// What the entities may be at the source.
    fileprivate var possible: [EntityAtSource] {
        let types = question.possibleTypes.sorted { $0.text < $1.text }
        let ids = question.ids.isEmpty ? [nil] : question.ids.map(Optional.some)
        return ids.flatMap { id in
            types.isEmpty
                ? [EntityAtSource(id, types: nil)]
                : types.map { EntityAtSource(id, types: [$0]) }
        }
    }
}

extension DistributedAnswer {
    fileprivate mutating func fail(
        _ registration: ContextSourceRegistration,
        _ error: BrokerError
    ) {
        failures.append(Failure(registration: registration.id, attributes: [], error: error))
    }
}

extension SourceAsking {
    /// Has sources make their parts of a purge, all at the same time; the errors are in the order
    /// of the parts.
    fileprivate func purge(_ parts: [PurgePlan.Part]) async -> [BrokerError?] {
        let results = await federating.results(
            of: parts,
            at: \.question.registration,
            caller,
            isChange: true
        ) { (part) throws(SourceProblem) in try await purge(part) }
        return zip(parts, results).map { part, result in
            switch result {
            case .success(let isAsked): isAsked ? nil : .purgeTooWide
            case .failure(let problem): BrokerError(problem, of: part.question.registration)
            }
        }
    }

    /// Returns false where the source cannot be told which entities are meant.
    private func purge(_ part: PurgePlan.Part) async throws(SourceProblem) -> Bool {
        let manner = try await manner(for: part.question.registration)
        let isInCallersWords = isInCallersWords(manner)
        guard let request = part.request(in: manner, isInCallersWords: isInCallersWords) else {
            return false
        }
        let answer = try await self.answer(to: request)
        switch answer.status {
        case 207: throw .refused(status: 207)
        case 200..<300: return true
        case 508: throw .loop
        default: throw .refused(status: answer.status)
        }
    }
}

extension BrokerError {
    fileprivate static let purgeNotOffered = BrokerError(
        .conflict,
        "A source alone holds some of this, and does not offer purgeEntity."
    )
    fileprivate static let purgeTooWide = BrokerError(
        .conflict,
        "The source cannot be told which of its entities are meant, and was not asked."
    )
}
