import ContextModel
import Governance
import Logging
import Storage
import Synchronization

extension Sourcing {
    /// The attribute that says whether a thing that should report does not.
    package static let silentAttribute = "silent"

    /// Marks the things that should have reported and did not; call it every few seconds.
    ///
    /// A thing is silent when nothing new was heard of it for as long as its source says (`reportsEvery`), or for
    /// three times as long as the hub has learned. Its entity then has the attribute `silent` with the value true,
    /// and false once it reports again. Throws the last error of the store, after all sources have been looked at;
    /// the next call tries again.
    package func noteSilence() async throws {
        var failure: (any Error)?
        for source in all where !source.kept.isPaused && source.mapping.reports != .never {
            do { try await noteSilence(of: source) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func noteSilence(of source: LiveSource) async throws {
        try await load(source)
        let now = clock()
        let (overdue, returned) = source.history.state.withLock { state in
            if state.things.lastMessage == nil { state.things.lastMessage = now.microseconds }
            let overdue = state.things.overdue(at: now, source.mapping.reports)
            state.things.beginMarks(overdue)
            return (overdue, Array(state.things.returned))
        }
        try await keepThings(of: source)
        try await mark(overdue, isSilent: true, by: source, at: now)
        try await mark(returned, isSilent: false, by: source, at: now)
        try await keepThings(of: source)
    }

    private func mark(
        _ ids: [EntityID],
        isSilent: Bool,
        by source: LiveSource,
        at now: Timestamp
    ) async throws {
        for start in stride(from: 0, to: ids.count, by: WritePortionSize.silence) {
            let portion = Array(ids[start..<min(start + WritePortionSize.silence, ids.count)])
            try await markPortion(portion, isSilent: isSilent, by: source, at: now)
        }
    }

    private func markPortion(
        _ ids: [EntityID],
        isSilent: Bool,
        by source: LiveSource,
        at now: Timestamp
    ) async throws {
        let bodies = ids.map { id in
            let entity: JSONObject = [
                "id": .string(id.uri), Self.silentAttribute: Self.silence(isSilent, at: now),
            ]
            return (json: JSONValue.object(entity), ld: LDContext.core)
        }
        let result = try await writing.batch(
            .update(overwrites: true),
            bodies,
            caller: source.key.caller
        )
        if let error = result.errors.first(where: { $0.error.code != .resourceNotFound })?.error {
            logger.error("silence of the source '\(source.key.name)': \(error)")
        }
        source.history.state.withLock { state in
            for failed in result.errors where !Self.passes(failed.error) {
                if let id = failed.id { state.things.forget(id) }
            }
            for id in result.changed {
                if isSilent {
                    state.things.endMark(id, at: now)
                } else {
                    state.things.endReturn(id)
                }
            }
        }
    }

    /// Whether the reason is the state of the hub, so that the same mark may be accepted later.
    ///
    /// What was deleted meanwhile, or what the source may not write any more, is no thing of it.
    private static func passes(_ error: BrokerError) -> Bool {
        [.overloaded, .storageFull, .internalError].contains(error.code)
    }

    /// Stores the things of the source where they, or what was learned of them, have changed.
    func keepThings(of source: LiveSource) async throws {
        let name = source.key.name
        let document = source.history.state.withLock { $0.things.takeDocument(of: name) }
        guard let document else { return }
        do {
            try await access.madeStore(source.key.tenant).bookkeep {
                try $0.put(document, isQuiet: true)
            }
        } catch {
            source.history.state.withLock { $0.things.isChanged = true }
            throw error
        }
    }

    static func silence(_ isSilent: Bool, at moment: Timestamp) -> JSONValue {
        ["type": "Property", "value": .bool(isSilent), "observedAt": .string(moment.text)]
    }
}

/// The sizes of the hub's own batches.
private enum WritePortionSize {
    static let silence = 500
}
