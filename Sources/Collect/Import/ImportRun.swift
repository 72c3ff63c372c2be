/// Sends a source to a hub: a few requests at a time, resumable, with a summary at the end.
package struct ImportRun: Sendable {
    /// The requests that wait for the hub's answer at once.
    static let maximumRequestsInFlight = 4
    /// The records read before other tasks may run: rows that add nothing never wait.
    static let recordsAtOnce = 1_000

    private let hub: any HubDestination
    private let journal: ImportJournal?

    package init(hub: any HubDestination, journal: ImportJournal? = nil) {
        self.hub = hub
        self.journal = journal
    }

    /// Imports everything; calls `report` with the progress after every answer.
    ///
    /// - Throws: `SourceError` if a file cannot be read, `HubFailure.stopped` if the hub cannot be
    ///   reached; a later run with the same journal continues.
    package func run(
        _ source: some ImportSource,
        report: (ImportTally) -> Void = { _ in }
    ) async throws -> ImportTally {
        var source = source
        var state = ImportState()
        try resume(&source, &state.tally)
        try await withThrowingTaskGroup(of: RequestOutcome.self) { group in
            while let batch = try await nextBatch(of: &source, &state.tally) {
                let requests = batch.requests()
                state.began(batchOf: requests.count)
                for request in requests {
                    while state.mustWait(with: request), let outcome = try await group.next() {
                        try settle(outcome, &state)
                        report(state.tally)
                    }
                    let ticket = state.sent(request)
                    group.addTask { try await send(request, ticket) }
                }
                if requests.isEmpty { report(state.tally) }
            }
            while let outcome = try await group.next() {
                try settle(outcome, &state)
                report(state.tally)
            }
        }
        journal?.remove()
        return state.tally
    }

    /// Reads the records that an interrupted run had loaded.
    ///
    /// They are mapped but not sent, so that the mapper has the same state as if they had been.
    private func resume(
        _ source: inout some ImportSource,
        _ tally: inout ImportTally
    ) throws(SourceError) {
        guard let entry = journal?.load() else { return }
        var passed = ImportBatch()
        while tally.records < entry.acknowledgedRecords, try source.next(into: &passed) {
            tally.records += 1
            if passed.isFull { passed = ImportBatch() }
        }
        tally.resumedRecords = tally.records
        tally.failures = entry.failures
    }

    /// The next batch of mapped records; nil at the end.
    private func nextBatch(
        of source: inout some ImportSource,
        _ tally: inout ImportTally
    ) async throws -> ImportBatch? {
        try Task.checkCancellation()
        var batch = ImportBatch()
        var isAtEnd = false
        while !batch.isFull, !isAtEnd {
            isAtEnd = try !source.next(into: &batch)
            guard !isAtEnd else { break }
            tally.records += 1
            if tally.records.isMultiple(of: Self.recordsAtOnce) {
                await Task.yield()
                try Task.checkCancellation()
            }
        }
        tally.extent = source.extent
        tally.add(batch.problems)
        tally.add(dangling: batch.danglingReferences)
        return isAtEnd && batch.isEmpty ? nil : batch
    }

    private func send(
        _ request: HubRequest,
        _ ticket: ImportState.Ticket
    ) async throws(HubFailure) -> RequestOutcome {
        var outcome = RequestOutcome(request: request, ticket: ticket)
        do throws(HubFailure) {
            switch request.operation {
            case .upsert:
                outcome.refusals = try await hub.upsert(
                    request.body,
                    isLinkedData: request.isLinkedData
                )
            case .readings: outcome.refusals = try await hub.receive(request.body)
            case .history: try await hub.appendHistory(request.body)
            }
        } catch .refused(let reason) {
            outcome.refusal = reason
        }
        return outcome
    }

    private func settle(_ outcome: RequestOutcome, _ state: inout ImportState) throws {
        guard let acknowledged = state.settled(outcome) else { return }
        try journal?.save(
            .init(acknowledgedRecords: acknowledged, failures: state.tally.failures)
        )
    }
}
