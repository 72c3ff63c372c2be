package import ContextModel
import Federation
import Governance
import Storage

/// The part of a hub that asks registered sources (clause 4.3.6).
///
/// What is asked of whom, and how the answers become one, are values of `Federation`. This part
/// waits for the sources, each within its time, and turns their failures into warnings.
package final class Federating: Sendable {
    /// What the sources have answered.
    struct Gathered: Sendable {
        /// By entity, each in the order in which the sources were registered.
        var parts: [EntityID: EntityParts] = [:]
        /// The registrations by which attributes are held elsewhere.
        var claims: [ContextSourceRegistration] = []
        var warnings: [AnswerWarning] = []
    }

    let registrations: ContextSourceRegistry
    /// Sends requests; without it no source is asked.
    private let client: (any SourceClient)?
    let resolver: LDContextResolver
    private let identity: HubIdentity
    let clock: HubClock
    private let longWork: LongWork
    private let health = SourceHealth()

    init(
        _ registrations: ContextSourceRegistry,
        _ client: (any SourceClient)?,
        _ resolver: LDContextResolver,
        _ identity: HubIdentity,
        _ clock: HubClock,
        _ longWork: LongWork
    ) {
        self.registrations = registrations
        self.client = client
        self.resolver = resolver
        self.identity = identity
        self.clock = clock
        self.longWork = longWork
    }

    /// Returns the name that stands for this hub and the tenant in the header `Via` of a request.
    package func alias(of tenant: TenantName?) -> String { Hub.pseudonym(of: identity, tenant) }

    /// Asks the sources that a question matches; nil when none does.
    ///
    /// Throws the store's errors, and `tooComplexQuery` when matching takes too long.
    func gather(
        _ question: FederatedQuestion,
        isRetrieval: Bool = false,
        datasetIDs: Set<String?>? = nil,
        _ forwarding: Forwarding,
        _ caller: Caller
    ) async throws -> Gathered? {
        guard let asking = asking(forwarding, caller) else { return nil }
        let matches = try await matches(
            RegistrationQuery(
                entities: question.selections.map(EntitySpecification.init),
                attributes: question.matchedAttributes,
                datasetIDs: datasetIDs,
                properties: forwarding.csf
            ),
            caller.tenant
        )
        guard !matches.isEmpty else { return nil }
        let plan = ReadPlan(question, to: matches, isRetrieval: isRetrieval, via: forwarding.via)
        var gathered = Gathered(claims: plan.claims)
        for registration in plan.leftOut { gathered.warn(.tooManySources, of: registration) }
        for (asked, result) in zip(plan.questions, await results(of: plan.questions, asking)) {
            switch result {
            case .success(let entities):
                for entity in entities {
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
            longWork: longWork
        )
    }

    /// The registrations in force that the query matches, in the order of creation.
    func matches(
        _ query: RegistrationQuery,
        _ tenant: TenantName?
    ) async throws -> [MatchedRegistration] {
        let view = try await registrations.view(of: tenant)
        guard !view.index.isEmpty else { return [] }
        let (now, budget) = (clock(), DecisionBudget(steps: RegistrationQuery.maximumSteps))
        let found = view.index.candidates(for: query).compactMap { kept -> MatchedRegistration? in
            guard !budget.isSpent, kept.registration.isInForce(at: now),
                let information = query.match(kept.registration, within: budget)
            else { return nil }
            return MatchedRegistration(kept.registration, information: information)
        }
        guard !budget.isSpent else { throw BrokerError.tooManyComparisons }
        return found
    }

    /// The results of all questions, in their order; all are asked at the same time.
    private func results(
        of questions: [SourceQuestion],
        _ asking: SourceAsking
    ) async -> [Result<[Entity], SourceProblem>] {
        await withTaskGroup(of: (Int, Result<[Entity], SourceProblem>).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask {
                    let result = await self.result(of: question.registration, asking.caller) {
                        () throws(SourceProblem) in try await asking.entities(question)
                    }
                    return (index, result)
                }
            }
            var results = questions.map { _ in
                Result<[Entity], SourceProblem>.failure(.unreachable)
            }
            for await (index, result) in group { results[index] = result }
            return results
        }
    }

    /// Runs the body within the time of the source, unless that is cooling down.
    func result<Answer: Sendable>(
        of registration: ContextSourceRegistration,
        _ caller: Caller,
        _ body: @escaping @Sendable () async throws(SourceProblem) -> Answer
    ) async -> Result<Answer, SourceProblem> {
        if health.isCoolingDown(registration, caller.tenant, at: clock()) {
            return .failure(.coolingDown)
        }
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
        health.note(problem, of: registration, caller.tenant, at: clock())
        return result
    }

    private static func timeout(of registration: ContextSourceRegistration) -> Duration {
        let milliseconds =
            registration.management.timeoutMilliseconds ?? FederationLimits.timeoutMilliseconds
        let bounded = min(milliseconds, FederationLimits.maximumTimeoutMilliseconds)
        return .microseconds(Int64(bounded * 1_000))
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
