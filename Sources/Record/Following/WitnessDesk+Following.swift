package import ContextModel
internal import Synchronization

extension WitnessDesk {
    /// Follows these records and stops following all others; what is known about a record that was followed before is kept.
    ///
    /// `settled` says when an administrator decided about the hub of each. Throws when what was kept of one cannot be read;
    /// that one is not followed then, and the others are.
    package func follow(
        _ records: [FollowedKeys],
        settled: [FollowedKeys: Timestamp] = [:],
        at now: Timestamp
    ) async throws {
        try await run { [self] in
            var failure: (any Error)?
            var next: [FollowedKeys: FollowedRecord] = [:]
            for keys in records {
                if let known = followed(keys) {
                    next[keys] = known
                    continue
                }
                do {
                    let newest = try store.latest(of: keys.record)
                    next[keys] = FollowedRecord(
                        keys,
                        newest: newest,
                        settled: settled[keys],
                        at: now
                    )
                } catch { failure = error }
            }
            followed.withLock { [next] in $0 = next }
            if let failure { throw failure }
        }
    }

    /// What is known of a record; nil where it is not followed.
    package func followed(_ record: FollowedKeys) -> FollowedRecord? {
        followed.withLock { $0[record] }
    }

    /// The newest checkpoint of a record that was signed, or seen where it is followed; nil where there is none.
    ///
    /// Throws when what was kept cannot be read.
    package func newest(of record: NoteKey) async throws -> SignedCheckpoint? {
        try await run { [self] in try store.latest(of: record) }
    }

    /// Takes checkpoints that others have seen; those that the record's key has not signed are passed over, and after a
    /// finding was settled those that were stamped before.
    package func take(
        _ notes: [SignedCheckpoint],
        of record: FollowedKeys,
        at now: Timestamp
    ) async throws {
        try await change(record) { known in
            for note in notes where known.counts(note) { try? known.take(note, at: now) }
        }
    }

    /// Begins anew with a record, where an administrator has decided that what was found is settled.
    package func restart(_ record: FollowedKeys, at now: Timestamp) async throws {
        try await run { [self] in
            try store.forget(record.record)
            followed.withLock { followed in
                guard followed[record] != nil else { return }
                followed[record] = FollowedRecord(record, newest: nil, settled: now, at: now)
            }
        }
    }

    /// Looks at the record: takes the checkpoint that its hub shows, and has the hub prove that all that it has signed is
    /// one record.
    ///
    /// Throws where the hub does not answer, or what it shows is not its record's.
    package func look(
        at record: FollowedKeys,
        clock: @Sendable () -> Timestamp,
        checkpoint: () async throws -> SignedCheckpoint,
        tile: (Tile) async throws -> [UInt8]
    ) async throws {
        do {
            let note = try await checkpoint()
            let now = clock()
            try await change(record) { try $0.take(note, at: now) }
            try await compare(record, at: now, tile)
        } catch {
            try await change(record) { $0.noteLook() }
            throw error
        }
        try await change(record) { $0.noteLook() }
    }

    /// Trees that a look tries at most.
    private static let maximumTrees = 3

    private func compare(
        _ record: FollowedKeys,
        at now: Timestamp,
        _ tile: (Tile) async throws -> [UInt8]
    ) async throws {
        guard let known = followed(record) else { return }
        var failure: (any Error)?
        let candidates = known.candidates
        // The shortest tree is compared with nothing.
        let shortest = candidates.last?.checkpoint.size ?? 0
        let trees = candidates.filter { $0.checkpoint.size > shortest }
        for tree in trees.prefix(Self.maximumTrees) {
            do {
                let roots = try await withoutActuallyEscaping(tile) { tile in
                    var tiles = FetchedTiles(of: tree.checkpoint, fetch: tile)
                    var roots = [tree.checkpoint.size: tree.checkpoint.root]
                    for note in candidates where note.checkpoint.size < tree.checkpoint.size {
                        let size = note.checkpoint.size
                        roots[size] = try await tiles.root(at: size)
                    }
                    return roots
                }
                return try await change(record) { $0.compare(with: tree, roots: roots, at: now) }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Changes what is known of a record, and keeps the newest checkpoint on disk where it is a longer one.
    private func change(
        _ record: FollowedKeys,
        _ body: @escaping @Sendable (inout FollowedRecord) throws -> Void
    ) async throws {
        try await run { [self] in
            guard var known = followed(record) else { return }
            let size = known.newest?.checkpoint.size ?? -1
            try body(&known)
            if let newest = known.newest, newest.checkpoint.size > size {
                try store.keep(newest, of: record.record)
            }
            followed.withLock { [known] in $0[record] = known }
        }
    }
}
