internal import Dispatch

extension RecordWriter {
    /// The bytes of a tile, `GET /record/tile/…`; nil when the newest checkpoint does not have it.
    package func bytes(of tile: Tile) async throws -> [UInt8]? {
        guard let store, let signed = store.checkpoint?.checkpoint,
            tile.width <= Tile.width(tile.content, index: tile.index, size: signed.size)
        else { return nil }
        return try await run(on: reads) {
            switch tile.content {
            case .hashes(let level):
                let hashes = try store.hashes(level: level, index: tile.index)
                guard hashes.count >= tile.width else { throw Self.cutOff }
                return TreeHash.bytes(of: hashes.prefix(tile.width))
            case .entries:
                let first = tile.index * Tile.fullWidth
                let entries = try store.entries(first..<first + tile.width)
                guard entries.count == tile.width else { throw Self.cutOff }
                return EntryBundle.bytes(of: entries)
            }
        }
    }

    private static var cutOff: RecordError { RecordError(.damaged, "the record is cut off") }

    /// The bytes of the entries with these numbers; fewer when there are not so many.
    package func entries(_ numbers: Range<Int>) async throws -> [[UInt8]] {
        guard let store else { return [] }
        return try await run(on: reads) { try store.entries(numbers) }
    }

    /// The newest entries with their numbers, the newest first, at most so many; with `before`, those with
    /// lower numbers alone.
    package func newestEntries(
        _ limit: Int,
        before: Int = .max
    ) async throws -> [(number: Int, entry: RecordEntry)] {
        guard let store else { return [] }
        return try await run(on: reads) {
            let end = max(0, min(store.size, before))
            let first = max(0, end - limit)
            return try store.entries(first..<end).enumerated().reversed().map {
                (first + $0.offset, try RecordEntry($0.element))
            }
        }
    }

    /// What entries say of a person, the newest entry first: `…/subjects/{URI}/accesses`.
    package func openings(_ query: OpeningQuery) async throws -> [KeptOpening] {
        guard let store else { return [] }
        return try await run(on: reads) { try store.openings(query) }
    }

    /// What an entry says of all its persons: for the hub itself, which made the entry.
    package func openings(of entry: Int) async throws -> [KeptOpening] {
        guard let store else { return [] }
        return try await run(on: reads) { try store.openings(of: entry) }
    }

    /// A proof that the entry is in the record, `GET /record/proofs/{leaf}`; with an opening of the entry,
    /// the file that its person can check by `balai verify`.
    ///
    /// It is for the checkpoint, without one for the newest, or a new one where that does not have the
    /// entry. Throws `RecordError.notFound` when there is no such entry.
    package func proof(
        of entry: Int,
        opening: KeptOpening? = nil,
        for published: SignedCheckpoint? = nil
    ) async throws -> TransparencyProof {
        guard let store, entry >= 0, entry < store.size else {
            throw RecordError(.notFound, "there is no entry \(entry)")
        }
        var signed = published ?? store.checkpoint
        if entry >= signed?.checkpoint.size ?? 0 { signed = try await signCheckpoint() }
        guard let signed else { throw Self.cutOff }
        do {
            return try await run(on: reads) {
                try self.proof(of: entry, opening: opening, for: signed, from: store)
            }
        } catch let error as RecordError where error.code == .damaged {
            markDamaged(error.note)
            throw error
        }
    }

    private func proof(
        of entry: Int,
        opening: KeptOpening?,
        for signed: SignedCheckpoint,
        from store: any RecordStore
    ) throws -> TransparencyProof {
        guard let bytes = try store.entries(entry..<entry + 1).first else { throw Self.cutOff }
        let checkpoint = signed.checkpoint
        var tree = TiledTree(size: checkpoint.size, known: subtrees, read: store.hashes)
        let path = try tree.inclusion(of: entry)
        let isRight = TreeProofs.includes(
            .leaf(bytes),
            at: entry,
            size: checkpoint.size,
            proof: path,
            root: checkpoint.root
        )
        guard isRight else {
            throw RecordError(.damaged, "entry \(entry) is not what was signed")
        }
        return TransparencyProof(
            index: entry,
            path: path,
            checkpoint: signed,
            entry: bytes,
            disclosure: try opening.map { try Self.disclosure($0, from: store) }
        )
    }

    private static func disclosure(
        _ opening: KeptOpening,
        from store: any RecordStore
    ) throws -> TransparencyProof.Disclosure {
        let commitments = try store.commitments(of: opening.entry)
        guard commitments.indices.contains(opening.place) else { throw cutOff }
        return TransparencyProof.Disclosure(
            opening: opening.bytes,
            salt: opening.salt,
            place: opening.place,
            path: SmallTree(commitments).inclusion(of: opening.place)
        )
    }

    /// The body that asks a witness to sign the newest checkpoint (C2SP tlog-witness); the old size is
    /// that of the last checkpoint the witness signed.
    ///
    /// Nil when the newest checkpoint is older. A question about what the witness has signed gives it another
    /// time.
    package func question(toWitnessAt old: Int) async throws -> AddCheckpoint? {
        guard let store, let signed = store.checkpoint, 0...signed.checkpoint.size ~= old
        else { return nil }
        return try await run(on: reads) {
            var tree = TiledTree(size: signed.checkpoint.size, read: store.hashes)
            return AddCheckpoint(
                old: old,
                proof: try tree.consistency(from: old),
                checkpoint: signed
            )
        }
    }

    /// Whether the record has signed a checkpoint that does not go with it: a longer one, or one of other entries.
    ///
    /// Throws `ProofError` for one that it has not signed.
    func isContradicted(by signed: SignedCheckpoint) async throws -> Bool {
        try signed.verify(by: key)
        let checkpoint = signed.checkpoint
        guard let store, checkpoint.size <= store.size else { return true }
        let root = try await run(on: reads) {
            var tree = TiledTree(size: checkpoint.size, read: store.hashes)
            return try tree.root()
        }
        return root != checkpoint.root
    }

    /// Looks at all of the record, from the oldest entry on, in portions.
    ///
    /// What it finds is the record's state from then on. What cannot be read is no damage, for a disk may be
    /// whole again: it is looked at again. `between` runs after each portion, for a hub to rest; it ends the
    /// check by throwing.
    package func checkAll(between: @Sendable () async throws -> Void = {}) async throws {
        guard let store else { return }
        let check = RecordCheck(store)
        var next = 0
        while next < check.tileCount, state == .sound {
            let tiles = next..<min(next + Self.tilesPerPortion, check.tileCount)
            do {
                let flaw = try await run(on: reads) {
                    try RecordCheck(store).entriesFlaw(inTiles: tiles)
                }
                if let flaw { markDamaged(flaw) }
                next = tiles.upperBound
            } catch let error as RecordError where error.code == .unavailable {
                // The same portion comes next.
            } catch {
                markDamaged("The record cannot be read: \(error)")
            }
            try await between()
        }
    }

    /// Tiles of 256 entries that a check looks at in one portion: some tens of milliseconds.
    package static let tilesPerPortion = 16
}
