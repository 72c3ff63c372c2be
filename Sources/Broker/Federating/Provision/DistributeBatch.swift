import ContextModel
import Federation
import Governance
import Storage

extension Writing {
    /// Makes a batch here and at sources: each gets its elements at once, all at the same time, and
    /// then the hub makes its own (clauses 5.6.7 to 5.6.10 and 5.6.20).
    ///
    /// Throws what `own` throws where no source has made anything.
    func distributed(
        _ distribution: BatchDistribution,
        _ caller: Caller,
        own: ([BatchOwnPart]) async throws -> EachResult<BatchOutcome>
    ) async throws -> BatchResult {
        if !distribution.disclosures.told.isEmpty {
            try await SessionRecord(access.recorder, of: caller).note(distribution.disclosures)
        }
        var tally = BatchTally(distribution)
        for (share, outcomes) in zip(distribution.shares, await distribution.outcomes()) {
            tally.take(outcomes, of: share)
        }
        do {
            tally.take(try await own(distribution.own), of: distribution)
        } catch {
            // What sources have made is to be told of.
            guard tally.isMade else { throw error }
            tally.fail(distribution.own, error)
        }
        return tally.result
    }
}

extension BatchDistribution {
    /// What became of the elements of each source.
    fileprivate func outcomes() async -> [[BatchPartOutcome]] {
        await withTaskGroup(of: (Int, [BatchPartOutcome]).self) { group in
            for (place, share) in shares.enumerated() {
                group.addTask { (place, await asking.outcomes(of: share, in: self)) }
            }
            var all = shares.map { _ in [BatchPartOutcome]() }
            for await (place, outcomes) in group { all[place] = outcomes }
            return all
        }
    }
}

/// What became of the elements of a batch, here and at sources.
private struct BatchTally {
    private struct Element {
        var isMade = false
        /// Whether all who made it found that there was none.
        var isNew = true
        /// Whether a source has a part of it.
        var isShared = false
        var errors: [BatchError]
    }
    private let ids: [EntityID]
    private var elements: [Element]

    init(_ distribution: BatchDistribution) {
        ids = distribution.elements.map(\.id)
        elements = ids.indices.map {
            let errors = distribution.failures[$0] ?? []
            return Element(isShared: !errors.isEmpty, errors: errors)
        }
    }

    var isMade: Bool { elements.contains(where: \.isMade) }

    mutating func take(_ outcomes: [BatchPartOutcome], of share: BatchDistribution.Share) {
        for (item, outcome) in zip(share.items, outcomes) {
            elements[item.index].isShared = true
            switch outcome {
            case .created: make(item.index, isNew: true)
            case .changed: make(item.index, isNew: false)
            case .failed(let problem):
                elements[item.index].errors.append(
                    BatchError(
                        ids[item.index],
                        BrokerError(problem, of: share.registration),
                        registration: share.registration.id
                    )
                )
            }
        }
    }

    private mutating func make(_ index: Int, isNew: Bool) {
        elements[index].isMade = true
        elements[index].isNew = elements[index].isNew && isNew
    }

    /// Takes what the hub itself has done.
    mutating func take(_ own: EachResult<BatchOutcome>, of distribution: BatchDistribution) {
        for (part, result) in zip(distribution.own, own.results) {
            let index = part.index
            switch result {
            case .success(let outcome):
                if let problem = outcome.problem {
                    elements[index].errors.append(BatchError(ids[index], problem))
                } else {
                    make(index, isNew: outcome.isNew)
                }
            case .failure(let error):
                // That the hub itself has no such entity is no failure where sources take part.
                let isElsewhere =
                    elements[index].isShared && !distribution.here.contains(index)
                if isElsewhere, error.code == .resourceNotFound { continue }
                elements[index].errors.append(BatchError(ids[index], error))
            }
        }
        guard let failure = own.failure else { return }
        fail(Array(distribution.own[own.results.count...]), failure)
    }

    /// Notes that the hub's own parts could not be made.
    mutating func fail(_ parts: [BatchOwnPart], _ reason: any Error) {
        let error: BrokerError
        switch reason {
        case let known as BrokerError: error = known
        case let store as StorageError: error = BrokerError(restOfRequest: store)
        default:
            error = BrokerError(.internalError, "The hub could not store this.", note: "\(reason)")
        }
        for part in parts { elements[part.index].errors.append(BatchError(ids[part.index], error)) }
    }

    var result: BatchResult {
        var result = BatchResult()
        for (id, element) in zip(ids, elements) {
            if element.isMade {
                if element.isNew { result.created.append(id) } else { result.changed.append(id) }
            }
            result.errors += element.errors
        }
        return result
    }
}
