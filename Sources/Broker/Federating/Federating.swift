package import ContextModel
import Federation
import Governance
import Storage

/// The part of a hub that asks registered sources (clause 4.3.6).
///
/// What is asked of whom, and how the answers become one, are values of `Federation`. This part
/// waits for the sources, each within its time, and turns their failures into warnings.
package final class Federating: Sendable {
    /// Who is to be asked for one request.
    struct Asked: Sendable {
        var plan: ReadPlan
        /// The sources that are not asked because what the caller may see of their answers could not be decided.
        var undecidable: [ContextSourceRegistration] = []
        /// What is held elsewhere alone, whether its source is asked or not.
        let claims: ClaimIndex
        let asking: SourceAsking
    }

    /// What the sources have answered.
    struct Gathered: Sendable {
        /// By entity, each in the order in which the sources were registered.
        var parts: [EntityID: EntityParts] = [:]
        var warnings: [AnswerWarning] = []
        /// Reserves the memory of the answers for as long as they are needed.
        let memory: AnswerMemory
    }

    let registrations: ContextSourceRegistry
    /// Sends requests; without it no source is asked.
    private let client: (any SourceClient)?
    let resolver: LDContextResolver
    let networking: Networking
    let clock: HubClock
    private let longWork: LongWork
    private let health = SourceHealth()
    private let shares = SourceShares()

    init(
        _ registrations: ContextSourceRegistry,
        _ client: (any SourceClient)?,
        _ resolver: LDContextResolver,
        _ networking: Networking,
        _ longWork: LongWork
    ) {
        self.registrations = registrations
        self.client = client
        self.resolver = resolver
        self.networking = networking
        clock = networking.clock
        self.longWork = longWork
    }

    /// Returns the name that stands for this hub and the tenant in the header `Via` of a request.
    package func alias(of tenant: TenantName?) -> String {
        Hub.pseudonym(of: networking.identity, tenant)
    }

    /// Whether any source is registered that could be asked.
    package func hasSources(_ tenant: TenantName?) async throws -> Bool {
        guard client != nil, tenant?.snapshot == nil else { return false }
        return try await !registrations.view(of: tenant).index.isEmpty
    }

    /// Who is to be asked a question; nil when no source matches it.
    ///
    /// What a source holds alone is claimed also where the caller's `csf` keeps it from being asked.
    /// Throws the store's errors, and `tooComplexQuery` when matching takes too long.
    func plan(
        _ question: FederatedQuestion,
        isRetrieval: Bool = false,
        datasetIDs: Set<String?>? = nil,
        _ forwarding: Forwarding,
        _ caller: Caller
    ) async throws -> Asked? {
        guard let asking = asking(forwarding, caller) else { return nil }
        var matches = try await matches(question, datasetIDs, caller.tenant)
        if question.history != nil {
            // What a source has of the present says nothing of histories.
            matches.removeAll { !$0.registration.offersHistories }
        }
        let chosen = try matches.chosen(by: forwarding.csf)
        let claims = ClaimIndex(matches.map(\.registration))
        guard !chosen.isEmpty || !claims.isEmpty else { return nil }
        let plan = ReadPlan(question, to: chosen, isRetrieval: isRetrieval, via: forwarding.via)
        return Asked(plan: plan, claims: claims, asking: asking)
    }

    /// Asks the sources.
    func gather(_ asked: Asked) async -> Gathered {
        let plan = asked.plan
        var gathered = Gathered(memory: asked.asking.memory)
        for registration in plan.leftOut { gathered.warn(.tooManySources, of: registration) }
        for registration in asked.undecidable { gathered.warn(.undecidable, of: registration) }
        let asking = asked.asking
        let results = await results(of: plan.questions, at: \.registration, asking.caller) {
            (question) throws(SourceProblem) in try await asking.entities(question)
        }
        for (asked, result) in zip(plan.questions, results) {
            switch result {
            case .success(let entities):
                if entities.isPartial { gathered.warn(.partial, of: asked.registration) }
                for entity in entities.all {
                    let part = SourcePart(entity, of: asked.registration)
                    gathered.parts[entity.id, default: EntityParts()].parts.append(part)
                }
            case .failure(let problem): gathered.warn(problem, of: asked.registration)
            }
        }
        return gathered
    }

    /// Asks for one request; nil where it is passed on to nobody: from a snapshot, or when it has
    /// come through too many sources.
    func asking(_ forwarding: Forwarding, _ caller: Caller) -> SourceAsking? {
        guard let client, caller.tenant?.snapshot == nil,
            forwarding.via.count < FederationLimits.maximumHops
        else { return nil }
        return SourceAsking(
            client: client,
            federating: self,
            forwarding: forwarding,
            caller: caller,
            memory: AnswerMemory(shares, of: caller.sharer),
            longWork: longWork
        )
    }

    /// The registrations in force that the question matches, in the order of creation.
    func matches(
        _ question: FederatedQuestion,
        _ datasetIDs: Set<String?>?,
        _ tenant: TenantName?
    ) async throws -> [MatchedRegistration] {
        try await matches(
            RegistrationQuery(
                entities: question.selections.map(EntitySpecification.init),
                attributes: question.matchedAttributes,
                datasetIDs: datasetIDs,
                times: question.history.map { .overlappingOrUnsaid($0.time) }
            ),
            tenant
        )
    }

    /// The registrations in force that the query matches, in the order of creation.
    func matches(
        _ query: RegistrationQuery,
        _ tenant: TenantName?
    ) async throws -> [MatchedRegistration] {
        try await matches([query], tenant)[0]
    }

    /// The registrations in force that each of the queries matches.
    ///
    /// Throws the store's errors, and `tooComplexQuery` when matching takes too long.
    func matches(
        _ queries: [RegistrationQuery],
        _ tenant: TenantName?
    ) async throws -> [[MatchedRegistration]] {
        let view = try await registrations.view(of: tenant)
        guard !view.index.isEmpty else { return queries.map { _ in [] } }
        let (now, budget) = (clock(), DecisionBudget(steps: RegistrationQuery.maximumSteps))
        var all: [[MatchedRegistration]] = []
        all.reserveCapacity(queries.count)
        for query in queries {
            all.append(
                view.index.candidates(for: query).compactMap { kept -> MatchedRegistration? in
                    guard !budget.isSpent, kept.registration.isInForce(at: now),
                        let information = query.match(kept.registration, within: budget)
                    else { return nil }
                    return MatchedRegistration(kept.registration, information: information)
                }
            )
            guard !budget.isSpent else { throw BrokerError.tooManyComparisons }
        }
        return all
    }

    /// The results of all parts, in their order; all sources are asked at the same time.
    func results<Part: Sendable, Answer: Sendable>(
        of parts: [Part],
        at registration: (Part) -> ContextSourceRegistration,
        _ caller: Caller,
        isChange: Bool = false,
        _ body: @escaping @Sendable (Part) async throws(SourceProblem) -> Answer
    ) async -> [Result<Answer, SourceProblem>] {
        await withTaskGroup(of: (Int, Result<Answer, SourceProblem>).self) { group in
            for (index, part) in parts.enumerated() {
                let registration = registration(part)
                group.addTask {
                    let result = await self.result(of: registration, caller, isChange: isChange) {
                        () throws(SourceProblem) in try await body(part)
                    }
                    return (index, result)
                }
            }
            var results = parts.map { _ in Result<Answer, SourceProblem>.failure(.unreachable) }
            for await (index, result) in group { results[index] = result }
            return results
        }
    }

    /// Runs the body within the time of the source, unless that is cooling down, or the caller has
    /// too many requests to sources under way.
    func result<Answer: Sendable>(
        of registration: ContextSourceRegistration,
        _ caller: Caller,
        isChange: Bool = false,
        _ body: @escaping @Sendable () async throws(SourceProblem) -> Answer
    ) async -> Result<Answer, SourceProblem> {
        if health.isCoolingDown(registration, caller, isChange: isChange, at: clock()) {
            return .failure(.coolingDown)
        }
        guard shares.beginQuestion(for: caller.sharer) else { return .failure(.busy) }
        defer { shares.endQuestion(for: caller.sharer) }
        let result = await withTaskGroup(of: Result<Answer, SourceProblem>.self) { group in
            group.addTask {
                do throws(SourceProblem) { return .success(try await body()) } catch {
                    return .failure(error)
                }
            }
            group.addTask { [clock] in
                // When the body is first, this sleep is cancelled and its result is not used.
                try? await clock.sleep(for: Self.timeout(of: registration))
                return .failure(.late)
            }
            let first = await group.next() ?? .failure(.late)
            group.cancelAll()
            return first
        }
        var problem: SourceProblem?
        if case .failure(let found) = result { problem = found }
        health.note(problem, of: registration, caller, at: clock())
        return result
    }

    private static func timeout(of registration: ContextSourceRegistration) -> Duration {
        let milliseconds =
            registration.management.timeoutMilliseconds ?? FederationLimits.timeoutMilliseconds
        let bounded = min(milliseconds, FederationLimits.maximumTimeoutMilliseconds)
        return .microseconds(Int64(bounded * 1_000))
    }
}

extension [MatchedRegistration] {
    /// Those that meet the `csf` of a caller.
    func chosen(by csf: Condition) throws(BrokerError) -> [MatchedRegistration] {
        guard csf != .everything else { return self }
        let (condition, budget) = (
            PreparedCondition(csf), DecisionBudget(steps: RegistrationQuery.maximumSteps)
        )
        let chosen = filter {
            condition.matches($0.registration.shownEntity, within: budget)
        }
        guard !budget.isSpent else { throw BrokerError.tooManyComparisons }
        return chosen
    }
}

extension Federating.Gathered {
    fileprivate mutating func warn(
        _ problem: SourceProblem,
        of registration: ContextSourceRegistration
    ) {
        let warning = AnswerWarning(problem, of: registration)
        if !warnings.contains(warning) { warnings.append(warning) }
    }
}

extension AnswerWarning {
    init(_ problem: SourceProblem, of registration: ContextSourceRegistration) {
        self.init(
            source: registration.sourceName,
            reason: problem.reason,
            code: problem.code
        )
    }
}
