import ContextModel
import Federation
import Governance

/// Asks sources for one request.
struct SourceAsking: Sendable {
    let client: any SourceClient
    let federating: Federating
    let forwarding: Forwarding
    let caller: Caller
    /// Where the bytes of answers are counted.
    let memory: AnswerMemory
    let longWork: LongWork

    /// What the source answers to the question, on all pages.
    func entities(_ question: SourceQuestion) async throws(SourceProblem) -> [Entity] {
        let contexts = SourceContexts(federating.resolver, for: caller.sharer)
        let manner = try await manner(for: question.registration, contexts)
        // Filters are passed on as they were written, and so only together with their @context.
        let isInCallersWords =
            manner.context.isCore && forwarding.context.isCore
            || manner.context.url != nil && manner.context.url == forwarding.context.url
        let asked = isInCallersWords ? question : question.withoutFilters
        var entities: [EntityID: Entity] = [:]
        var bytes = 0
        var offset = 0
        while true {
            let answer = try await client.answer(
                to: asked.request(
                    in: manner,
                    offset: offset,
                    limit: FederationLimits.pageEntities
                ),
                maximumBytes: FederationLimits.maximumAnswerBytes - bytes,
                in: memory,
                for: caller.sharer
            )
            bytes += answer.body.count
            let page = try await self.entities(of: answer, to: asked, manner, contexts)
            let known = entities.count
            for entity in page { entities[entity.id] = entity }
            guard entities.count <= SourceQuestion.maximumEntities else { throw .tooMuch }
            offset += page.count
            // A source that does not know pages gives the same one again.
            guard asked.operation != .retrieveEntity, page.count >= FederationLimits.pageEntities,
                entities.count > known
            else { break }
        }
        return Array(entities.values)
    }

    private func entities(
        of answer: SourceAnswer,
        to question: SourceQuestion,
        _ manner: SourceManner,
        _ contexts: SourceContexts
    ) async throws(SourceProblem) -> [Entity] {
        switch answer.status {
        case 204, 404: return []
        case 200..<300: break
        case 508: throw .loop
        default: throw .refused(status: answer.status)
        }
        guard LongWork.isLong(answer.body.count) else {
            return try await read(answer, to: question, manner, contexts)
        }
        return try await longWork.run(for: caller.sharer) { () throws(SourceProblem) in
            try await read(answer, to: question, manner, contexts)
        }
    }

    private func read(
        _ answer: SourceAnswer,
        to question: SourceQuestion,
        _ manner: SourceManner,
        _ contexts: SourceContexts
    ) async throws(SourceProblem) -> [Entity] {
        let json: JSONValue
        do throws(JSONError) { json = try JSONReader.read(answer.body) } catch { throw .garbage }
        // A source that answers a query for one entity with that entity is understood.
        let elements = json.arrayValue ?? [json]
        guard elements.count <= SourceQuestion.maximumEntities else { throw .tooMuch }
        var named: [(json: JSONValue, context: LDContext)] = []
        named.reserveCapacity(elements.count)
        for element in elements {
            guard !Task.isCancelled else { throw .late }
            var context = manner.context
            if answer.hasInnerContext, let inner = element.objectValue?["@context"] {
                context = try await contexts.resolved(inner)
            } else if let url = answer.contextURL, url != context.url {
                context = try await contexts.resolved(.string(url))
            }
            named.append((element, context))
        }
        return try question.entities(in: named)
    }

    /// The way in which requests are put to the source: in the words of its registration, or in
    /// the caller's if they have a name, or in full ones.
    func manner(
        for registration: ContextSourceRegistration,
        _ contexts: SourceContexts? = nil
    ) async throws(SourceProblem) -> SourceManner {
        var context = forwarding.context.url == nil ? LDContext.core : forwarding.context
        if let url = ConveyedInfo.contextURL(in: registration.info) {
            let contexts = contexts ?? SourceContexts(federating.resolver, for: caller.sharer)
            context = try await contexts.resolved(.string(url))
        }
        return SourceManner(
            context: context,
            via: forwarding.via + [federating.alias(of: caller.tenant)],
            conveyed: forwarding.conveyed
        )
    }
}
