internal import DequeModule
internal import Dispatch
internal import Governance
internal import Storage
internal import Synchronization

/// The schedule of the sweeps of a tenant's vocabulary.
struct SweepSchedule {
    /// Whether a sweep is wanted.
    var isWanted = false
    /// Whether a task runs sweeps.
    var isRunning = false
    var notBefore: ContinuousClock.Instant = .now + Limits.sweepPause
    /// The time that the present sweep has spent scanning.
    var looked = Duration.zero

    /// Notes that a sweep is wanted; returns whether the caller must start the task.
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

    /// Postpones a sweep that has failed.
    mutating func postpone() {
        isWanted = true
        notBefore = .now + Limits.sweepPause
    }

    /// Notes the end of a sweep.
    ///
    /// A large database is swept less often.
    mutating func finish() {
        notBefore = .now + max(Limits.sweepPause, looked * Limits.sweepPauses)
        looked = .zero
    }
}

/// The turns that sweeps take, one after the other.
final class SweepTurns: Sendable {
    private struct State {
        var isTaken = false
        var waiting = Deque<CheckedContinuation<Void, Never>>()
    }
    /// The turns for one portion and the pause after it, over all tenants.
    ///
    /// So a sweep waits for at most one portion of each other sweep.
    static let ofPortions = SweepTurns()
    private let state = Mutex(State())

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                defer { state.isTaken = true }
                if state.isTaken { state.waiting.append(continuation) }
                return !state.isTaken
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        let next = state.withLock { state in
            let next = state.waiting.popFirst()
            state.isTaken = next != nil
            return next
        }
        next?.resume()
    }
}

/// Sweeps the vocabulary of a tenant.
final class VocabularySweeper: Sendable {
    private let schedule = Mutex(SweepSchedule())
    /// The turns for whole sweeps of this tenant.
    private let turns = SweepTurns()

    private let committer: Committer
    private let vocabulary: ShownVocabulary
    private let readers: ConnectionPool

    init(_ committer: Committer, _ vocabulary: ShownVocabulary, _ readers: ConnectionPool) {
        self.committer = committer
        self.vocabulary = vocabulary
        self.readers = readers
    }

    /// Whether a task runs sweeps.
    var isRunning: Bool { schedule.withLock(\.isRunning) }

    /// Sweeps the vocabulary in the background, when the schedule allows.
    func sweepSoon() {
        guard schedule.withLock({ $0.want() }) else { return }
        Task { [weak self] in
            while let wait = self?.waitForSweep() {
                guard (try? await Task.sleep(for: wait)) != nil, await self?.sweepSlowly() == true
                else { return }
            }
        }
    }

    private func waitForSweep() -> Duration? { schedule.withLock { $0.next() } }

    /// Sweeps with pauses; returns false when it failed.
    private func sweepSlowly() async -> Bool {
        do {
            try await sweep { elapsed in
                try await Task.sleep(for: elapsed * Limits.sweepRests)
            }
            schedule.withLock { $0.finish() }
            return true
        } catch let error as StorageError where error.code == .closed {
            schedule.withLock { $0.isRunning = false }
            return false
        } catch {
            // The disk may be full; a later sweep finds what this one has left.
            schedule.withLock { $0.postpone() }
            return true
        }
    }

    /// Removes the names, shapes and forms that nothing uses any more; returns when it is done.
    ///
    /// `rest` is called after each portion, with the time that the portion took.
    func sweep(
        resting rest: (Duration) async throws -> Void = { _ in }
    ) async throws {
        await turns.take()
        defer { turns.giveBack() }
        let sweep = VocabularySweep()
        try await committer.run { $0.vocabulary.begin(sweep) }
        try await removeEmptyHistories(rest)
        try await removeShapes(rest)
        try await removeNames(sweep, rest)
        try await removeForms(sweep, rest)
        try await committer.run { $0.vocabulary.finish(sweep) }
    }

    private typealias Rest = (Duration) async throws -> Void

    private func removeEmptyHistories(_ rest: Rest) async throws {
        var found = EmptyHistories()
        while !found.isAtEnd {
            let last = found
            found = try await reading(rest) { try $0.findEmptyHistories(after: last) }
            try await inSteps(found.ids, rest) { try $0.removeEmptyHistories($1) }
        }
    }

    private func removeShapes(_ rest: Rest) async throws {
        let shapes = vocabulary.shapes.sorted()
        for start in stride(from: 0, to: shapes.count, by: Limits.scannedPerPortion) {
            let portion = shapes[start..<min(start + Limits.scannedPerPortion, shapes.count)]
            let unused = try await reading(rest) { try $0.unusedShapes(among: portion) }
            try await inSteps(unused, rest) { try $0.removeShapes($1) }
        }
    }

    private func removeNames(_ sweep: VocabularySweep, _ rest: Rest) async throws {
        var scan = NameScan(vocabulary.current.namesOutsideShapes)
        while !scan.isAtEnd {
            let last = scan
            scan = try await reading(rest) { try $0.findUsedNames(last) }
        }
        try await inSteps(scan.candidates.sorted(), rest) { try $0.removeNames($1, of: sweep) }
    }

    /// Removes unused forms.
    ///
    /// Whether a form without `datasetId` is used can only be found in rows, so these are scanned
    /// only when many forms were not seen in use.
    private func removeForms(_ sweep: VocabularySweep, _ rest: Rest) async throws {
        let forms = vocabulary.current.formsByUse
        try await inSteps(forms.unused.sorted(), rest) { try $0.removeForms($1, of: sweep) }
        var scan = FormScan(forms.others)
        while !scan.isAtEnd, scan.candidates.count > Limits.unseenForms {
            let last = scan
            scan = try await reading(rest) { try $0.findUsedForms(last) }
        }
        guard scan.isAtEnd else { return }
        try await inSteps(scan.candidates.sorted(), rest) { try $0.removeForms($1, of: sweep) }
    }

    /// Reads a portion in a snapshot, on its own thread, when it is this sweep's turn.
    private func reading<Found: Sendable>(
        _ rest: Rest,
        _ body: @escaping @Sendable (Reader) throws -> Found
    ) async throws -> Found {
        await SweepTurns.ofPortions.take()
        defer { SweepTurns.ofPortions.giveBack() }
        let start = ContinuousClock.now
        let found: Found = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [readers] in
                // A connection of its own keeps no query waiting. It is closed after the portion,
                // so that it takes no memory while others have their turns.
                continuation.resume(
                    with: Result {
                        let reader = try readers.openAnother()
                        defer { readers.close(reader) }
                        return try reader.snapshot { try body(reader) }
                    }
                )
            }
        }
        let elapsed = start.duration(to: .now)
        schedule.withLock { $0.looked += elapsed }
        try await rest(elapsed)
        return found
    }

    /// Removes some elements in each of many transactions, so that others run in between.
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
