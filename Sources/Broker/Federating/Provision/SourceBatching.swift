import ContextModel
import Federation
import Governance

/// Asks sources for their parts of a batch.
extension SourceAsking {
    /// What became of the elements of one source, in their order.
    func outcomes(
        of share: BatchDistribution.Share,
        in distribution: BatchDistribution
    ) async -> [BatchPartOutcome] {
        guard share.singles.isEmpty else { return await singly(share, distribution) }
        let answer = await federating.result(of: share.registration, caller, isChange: true) {
            () throws(SourceProblem) in try await send(share, of: distribution)
        }
        switch answer {
        case .success(let answer):
            return answer.outcomes(of: share.items.map { distribution.elements[$0.index].id })
        case .failure(let problem): return share.items.map { _ in .failed(problem) }
        }
    }

    /// Sends the elements as one batch.
    private func send(
        _ share: BatchDistribution.Share,
        of distribution: BatchDistribution
    ) async throws(SourceProblem) -> SourceBatchAnswer {
        let (batch, registration) = (distribution.batch, share.registration)
        let manner = try await manner(for: registration)
        var request = manner.request(batch.operation, to: registration)
        request.parameters += batch.parameters
        let parts = share.items.map { item -> (json: JSONValue, ld: LDContext) in
            let element = distribution.elements[item.index]
            let body = element.attributes.body(with: item.part.attributes)
            return (body ?? .string(element.id.uri), element.ld)
        }
        request.body = body(of: parts, manner, registration) { .array($0) }
        let answer = try await self.answer(to: request)
        guard LongWork.isLong(answer.body.count) else {
            return try SourceBatchAnswer(answer, to: batch.operation)
        }
        return try await longWork.run(for: caller.sharer) { () throws(SourceProblem) in
            try SourceBatchAnswer(answer, to: batch.operation)
        }
    }

    /// Has the source make the elements one after the other: there may be several of one entity.
    ///
    /// Once it does not answer, or the time of the longest request is over, it is asked for no more.
    private func singly(
        _ share: BatchDistribution.Share,
        _ distribution: BatchDistribution
    ) async -> [BatchPartOutcome] {
        var outcomes: [BatchPartOutcome] = []
        let begin = federating.clock()
        let limit = Int64(FederationLimits.maximumTimeoutMilliseconds * 1_000)
        var problem: SourceProblem?
        for item in share.items {
            if let problem {
                outcomes.append(.failed(problem))
                continue
            }
            let outcome = await outcome(of: item, share, distribution)
            outcomes.append(outcome)
            switch outcome {
            case .failed(.refused), .created, .changed:
                if federating.clock().microseconds - begin.microseconds > limit { problem = .late }
            case .failed(let found): problem = found
            }
        }
        return outcomes
    }

    private func outcome(
        of item: BatchDistribution.Item,
        _ share: BatchDistribution.Share,
        _ distribution: BatchDistribution
    ) async -> BatchPartOutcome {
        let batch = distribution.batch
        var outcome = BatchPartOutcome.failed(.refused(status: 422))
        for single in share.singles {
            outcome = await self.outcome(of: single, item, distribution)
            let exists = single == .createEntity && outcome == .failed(.refused(status: 409))
            // An upsert of what exists needs another operation (clause 5.6.8.4).
            guard exists, batch.operation == .upsertBatch else { return outcome }
            outcome = .failed(.refused(status: 422))
        }
        return outcome
    }

    /// Has the source make one element by a single operation.
    private func outcome(
        of single: DistributedOperation,
        _ item: BatchDistribution.Item,
        _ distribution: BatchDistribution
    ) async -> BatchPartOutcome {
        let element = distribution.elements[item.index]
        var body = element.attributes.body(with: item.part.attributes)
        if single != .createEntity, var members = body?.objectValue {
            // It is in the path.
            members["id"] = nil
            members["@id"] = nil
            body = .object(members)
        }
        let change = DistributedChange(
            single,
            of: element.id,
            parameters: distribution.batch.parameters(of: single)
        )
        let result = await federating.result(
            of: item.part.registration,
            caller,
            isChange: true
        ) { [body] () throws(SourceProblem) in
            try await make(change, by: item.part, body, in: element.ld)
        }
        switch result {
        case .success: return single == .createEntity ? .created : .changed
        case .failure(let problem): return .failed(problem)
        }
    }
}
