import ContextModel
import Federation
import Governance

/// What a source answers to a question, page by page (clause 6.3.10).
extension SourceAsking {
    /// What the source answers to the question, on all pages, and whether it says that something is missing.
    ///
    /// Throws `tooMuch` where it answers more than is taken.
    func entities(
        _ question: SourceQuestion
    ) async throws(SourceProblem) -> (all: [Entity], isPartial: Bool) {
        let contexts = SourceContexts(federating.resolver, for: caller.sharer)
        let manner = try await manner(for: question.registration, contexts)
        let asked = isInCallersWords(manner) ? question : question.withoutFilters
        var pages = SourcePages(asking: self, manner: manner, contexts: contexts)
        var entities: [EntityID: Entity] = [:]
        var offset = 0
        while true {
            let page = try await pages.page(of: asked, from: offset)
            let known = entities.count
            for entity in page.entities { entities[entity.id] = entity }
            guard entities.count <= SourceQuestion.maximumEntities else { throw .tooMuch }
            offset += page.entities.count
            // A source that does not know pages gives the same one again.
            guard !asked.isRetrieval, page.isFollowed, entities.count > known else { break }
        }
        return (Array(entities.values), pages.isPartial)
    }
}

/// Asks one source for the pages of its answer to one question.
private struct SourcePages {
    struct Page {
        var entities: [Entity]
        /// Whether another page may follow.
        ///
        /// The source says so, or it has given as much as it was asked for.
        var isFollowed: Bool
        /// Whether an attribute is named of which there is no instance.
        var lacksInstances: Bool
    }

    let asking: SourceAsking
    let manner: SourceManner
    let contexts: SourceContexts
    /// Whether requests say how many a page is to have: not where the source allows fewer.
    private var namesLimit = true
    private var bytes = 0
    private var instances = 0
    /// Whether any answer warned that it lacks something.
    private(set) var isPartial = false

    init(asking: SourceAsking, manner: SourceManner, contexts: SourceContexts) {
        self.asking = asking
        self.manner = manner
        self.contexts = contexts
    }

    /// A page of the answer; histories of which the source tells a part at a time are put together.
    mutating func page(
        of question: SourceQuestion,
        from offset: Int
    ) async throws(SourceProblem) -> Page {
        var (page, partEnd) = try await answer(to: question, from: offset)
        guard let history = question.history else { return page }
        var question = question
        while let end = partEnd, !page.entities.isEmpty {
            question = try question.rest(of: page.entities.map(\.id), after: end)
            let part: Page
            (part, partEnd) = try await answer(to: question, from: 0)
            // An attribute that has nothing in this part may have older instances.
            var isEnough = history.lastN != nil && !part.lacksInstances
            for found in part.entities {
                guard let place = page.entities.firstIndex(where: { $0.id == found.id }) else {
                    continue
                }
                page.entities[place].add(part: found)
                if let lastN = history.lastN {
                    isEnough = isEnough && page.entities[place].has(lastN, ofEachIn: found)
                }
            }
            if isEnough { break }
        }
        return page
    }

    /// One answer, and the moment at which it ends where it has a part of the histories.
    private mutating func answer(
        to question: SourceQuestion,
        from offset: Int
    ) async throws(SourceProblem) -> (Page, partEnd: Timestamp?) {
        let most =
            question.history == nil
            ? FederationLimits.pageEntities : FederationLimits.pageHistories
        var answer = try await ask(question, from: offset, limit: namesLimit ? most : nil)
        if namesLimit, answer.refusesLimit {
            namesLimit = false
            answer = try await ask(question, from: offset, limit: nil)
        }
        if answer.status == 206, question.history == nil || answer.partEnd == nil {
            throw .refused(status: 206)
        }
        let read = try await asking.read(answer, manner, contexts) {
            (elements) throws(SourceProblem) -> ([Entity], Bool) in
            (try question.entities(in: elements), elements.contains { $0.json.hasEmptyArrays })
        }
        let (found, lacksInstances) = read ?? ([], false)
        if question.history != nil {
            instances += found.reduce(0) { $0 + $1.instanceCount }
            guard instances <= SourceQuestion.maximumInstances else { throw .tooMuch }
        }
        let page = Page(
            entities: found,
            isFollowed: answer.hasNextPage || found.count >= most,
            lacksInstances: lacksInstances
        )
        return (page, answer.status == 206 ? answer.partEnd : nil)
    }

    private mutating func ask(
        _ question: SourceQuestion,
        from offset: Int,
        limit: Int?
    ) async throws(SourceProblem) -> SourceAnswer {
        let answer = try await asking.answer(
            to: question.request(in: manner, offset: offset, limit: limit),
            maximumBytes: FederationLimits.maximumAnswerBytes - bytes
        )
        bytes += answer.body.count
        isPartial = isPartial || answer.isPartial
        return answer
    }
}

extension Entity {
    fileprivate var instanceCount: Int { attributes.reduce(0) { $0 + $1.instances.count } }
}
