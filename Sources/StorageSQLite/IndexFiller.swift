internal import ContextModel
internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// Creates the value indexes that queries ask for.
final class IndexFiller: Sendable {
    /// Whether a filling runs.
    private let isFilling = Mutex(false)

    private let committer: Committer
    private let vocabulary: ShownVocabulary
    private let readers: ConnectionPool
    private let clock: @Sendable () -> Timestamp

    init(
        _ committer: Committer,
        _ vocabulary: ShownVocabulary,
        _ readers: ConnectionPool,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.committer = committer
        self.vocabulary = vocabulary
        self.readers = readers
        self.clock = clock
    }

    /// Creates value indexes in the background, in steps between other requests.
    func fillSoon(_ names: [IRI], for party: Party) {
        let isFirst = isFilling.withLock { isFilling in
            defer { isFilling = true }
            return !isFilling
        }
        guard isFirst else { return }
        Task { [self] in
            defer { isFilling.withLock { $0 = false } }
            do {
                try await makeIndexes(names, for: party)
            } catch {
                // The disk is full or the store is closing. The index is incomplete and not used;
                // the next start, or the next query that wants an index, continues.
            }
        }
    }

    /// Creates value indexes for the attributes, as far as the party may have them.
    ///
    /// Returns when all registered indexes are complete and all removed ones are gone. `meanwhile`
    /// is called between reading a portion and writing it.
    func makeIndexes(
        _ names: [IRI],
        for party: Party,
        meanwhile: () async throws -> Void = {}
    ) async throws {
        let now = clock()
        try await committer.run { try $0.indexes.register(names, for: party, at: now) }
        let filling = IndexFilling()
        var opened: Reader?
        defer { opened.map(readers.close) }
        while let portion = try await committer.run({ try $0.indexes.nextPortion(of: filling) }) {
            // A connection of its own: the index is created however long queries take.
            let reader = try opened ?? readers.openAnother()
            opened = reader
            let filled = try await read(portion, with: reader)
            try await meanwhile()
            let entries = filled.entries
            for start in stride(from: 0, to: entries.count, by: Limits.entriesPerStep) {
                let step = entries[start..<min(start + Limits.entriesPerStep, entries.count)]
                try await committer.run { try $0.indexes.add(step, of: portion) }
            }
            let crowded = filled.crowded
            for start in stride(from: 0, to: crowded.count, by: Limits.entriesPerStep) {
                let step = crowded[start..<min(start + Limits.entriesPerStep, crowded.count)]
                try await committer.run { try $0.indexes.add(crowded: step, of: portion) }
            }
            try await committer.run {
                try $0.indexes.finish(filled, grant: InternalGrant(.indexing))
            }
        }
        while try await committer.run({ try $0.indexes.removeGivenUpEntries() }) {}
    }

    private func read(_ portion: IndexPortion, with reader: Reader) async throws -> IndexPortion {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [self] in
                continuation.resume(
                    with: Result {
                        try vocabulary.snapshot(reader) {
                            try reader.fill(portion, $0, grant: InternalGrant(.indexing))
                        }
                    }
                )
            }
        }
    }
}
