internal import Dispatch
internal import Storage
internal import Synchronization

/// When a tenant's vocabulary is swept.
struct SweepSchedule {
    /// Whether enough may be out of use.
    var isWanted = false
    /// Whether somebody sees to it.
    var isRunning = false
    var notBefore: ContinuousClock.Instant = .now + Limits.sweepPause
    /// How long the sweep under way has looked for what is out of use.
    var looked = Duration.zero

    /// Notes that a sweep is due; whether somebody must see to it now.
    mutating func want() -> Bool {
        isWanted = true
        defer { isRunning = true }
        return !isRunning
    }

    /// How long to wait for the next sweep; nil when none is wanted.
    mutating func next() -> Duration? {
        guard isWanted else {
            isRunning = false
            return nil
        }
        isWanted = false
        return max(.zero, ContinuousClock.now.duration(to: notBefore))
    }

    /// Puts the sweep off, because another tenant is being swept or because this sweep failed.
    mutating func postpone() {
        isWanted = true
        notBefore = .now + Limits.sweepPause
    }

    /// Notes that a sweep is over: a large database is swept more rarely.
    mutating func finish() {
        notBefore = .now + max(Limits.sweepPause, looked * Limits.sweepPauses)
        looked = .zero
    }
}

/// Whether some tenant is swept in the background: one at a time, however many there are.
private let sweepTurn = Mutex(false)

extension SQLiteTenantStore {
    /// Sweeps the vocabulary in the background, as soon as it is time to.
    func sweepSoon() {
        guard sweeping.withLock({ $0.want() }) else { return }
        Task { [weak self] in
            while let wait = self?.waitForSweep() {
                guard (try? await Task.sleep(for: wait)) != nil, await self?.sweepSlowly() == true
                else { return }
            }
        }
    }

    private func waitForSweep() -> Duration? { sweeping.withLock { $0.next() } }

    /// Sweeps with rests; false when it could not.
    private func sweepSlowly() async -> Bool {
        let isFree = sweepTurn.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        guard isFree else {
            sweeping.withLock { $0.postpone() }
            return true
        }
        defer { sweepTurn.withLock { $0 = false } }
        do {
            try await sweepVocabulary { elapsed in
                try await Task.sleep(for: elapsed * Limits.sweepRests)
            }
            sweeping.withLock { $0.finish() }
            return true
        } catch let error as StorageError where error.code == .closed {
            sweeping.withLock { $0.isRunning = false }
            return false
        } catch {
            // A full disk, for example: another sweep finds what this one has left.
            sweeping.withLock { $0.postpone() }
            return true
        }
    }

    /// Removes the names, shapes and forms that nothing uses any more; returns when it has.
    ///
    /// `rest` is called after each portion with the time that took.
    package func sweepVocabulary(
        resting rest: (Duration) async throws -> Void = { _ in }
    ) async throws {
        let sweep = VocabularySweep()
        try await committer.run { $0.begin(sweep) }
        // Of its own: it keeps no query waiting.
        let reader = try Reader(path: path)
        try await removeEmptyHistories(reader, rest)
        try await removeShapes(reader, rest)
        try await removeNames(reader, sweep, rest)
        try await removeForms(reader, sweep, rest)
        try await committer.run { $0.trimVocabulary() }
    }

    private typealias Rest = (Duration) async throws -> Void

    private func removeEmptyHistories(_ reader: Reader, _ rest: Rest) async throws {
        var found = EmptyHistories()
        while !found.isAtEnd {
            let last = found
            found = try await reading(reader, rest) { try $0.findEmptyHistories(after: last) }
            try await inSteps(found.ids, rest) { try $0.removeEmptyHistories($1) }
        }
    }

    private func removeShapes(_ reader: Reader, _ rest: Rest) async throws {
        let shapes = writer.shared.withLock { Array($0.shapes.keys) }.sorted()
        for start in stride(from: 0, to: shapes.count, by: Limits.scannedPerPortion) {
            let portion = shapes[start..<min(start + Limits.scannedPerPortion, shapes.count)]
            let unused = try await reading(reader, rest) { try $0.unusedShapes(among: portion) }
            try await inSteps(unused, rest) { try $0.removeShapes($1) }
        }
    }

    private func removeNames(
        _ reader: Reader,
        _ sweep: VocabularySweep,
        _ rest: Rest
    ) async throws {
        let vocabulary = writer.shared.withLock { $0 }
        var scan = SweepScan(vocabulary.namesOutsideShapes)
        while !scan.isAtEnd {
            let last = scan
            scan = try await reading(reader, rest) { try $0.findUsedNames(last) }
        }
        try await inSteps(scan.candidates.sorted(), rest) { try $0.removeNames($1, of: sweep) }
    }

    /// Whether a form without `datasetId` is in use only its rows can tell, so these are looked at
    /// only while many forms were not seen in use.
    private func removeForms(
        _ reader: Reader,
        _ sweep: VocabularySweep,
        _ rest: Rest
    ) async throws {
        let forms = writer.shared.withLock { $0 }.formsByUse
        try await inSteps(forms.unused.sorted(), rest) { try $0.removeForms($1, of: sweep) }
        var scan = SweepScan(forms.others)
        while !scan.isAtEnd, scan.candidates.count > Limits.unseenForms {
            let last = scan
            scan = try await reading(reader, rest) { try $0.findUsedForms(last) }
        }
        guard scan.isAtEnd else { return }
        try await inSteps(scan.candidates.sorted(), rest) { try $0.removeForms($1, of: sweep) }
    }

    /// Reads a portion in a snapshot, on a thread that nobody waits for.
    private func reading<Found: Sendable>(
        _ reader: Reader,
        _ rest: Rest,
        _ body: @escaping @Sendable (Reader) throws -> Found
    ) async throws -> Found {
        let start = ContinuousClock.now
        let found: Found = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(with: Result { try reader.snapshot { try body(reader) } })
            }
        }
        let elapsed = start.duration(to: .now)
        sweeping.withLock { $0.looked += elapsed }
        try await rest(elapsed)
        return found
    }

    /// Removes some in each of many transactions, between those of others.
    private func inSteps<Element: Sendable>(
        _ list: [Element],
        _ rest: Rest,
        _ remove: @escaping @Sendable (Writer, ArraySlice<Element>) throws -> Void
    ) async throws {
        for start in stride(from: 0, to: list.count, by: Limits.sweptPerStep) {
            let step = list[start..<min(start + Limits.sweptPerStep, list.count)]
            let begin = ContinuousClock.now
            try await committer.run { try remove($0, step) }
            try await rest(begin.duration(to: .now))
        }
    }
}
