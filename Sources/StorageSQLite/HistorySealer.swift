internal import Governance
internal import Storage
internal import Synchronization

/// Seals the series that readers have found long.
final class HistorySealer: Sendable {
    /// Series that are to be sealed, and whether somebody is at it.
    private struct GrownSeries {
        var series: Set<HistorySeries> = []
        var isWorkedAt = false
    }
    private let grown = Mutex(GrownSeries())

    private let committer: Committer

    init(_ committer: Committer) { self.committer = committer }

    /// Seals series in the background, a segment between other requests at a time.
    func sealSoon(_ series: Set<HistorySeries>) {
        let isFirst = grown.withLock { grown in
            let free = Limits.seriesToSeal - grown.series.count
            grown.series.formUnion(series.prefix(max(free, 0)))
            guard !grown.isWorkedAt, !grown.series.isEmpty else { return false }
            grown.isWorkedAt = true
            return true
        }
        guard isFirst else { return }
        Task { [self] in
            do {
                try await sealHistory()
            } catch {
                // A full disk or a store that closes: the series is read from its rows, and its
                // next reader has it tried again.
                grown.withLock { $0.isWorkedAt = false }
            }
        }
    }

    /// Seals the series that readers have found long; returns when none waits any more.
    func sealHistory() async throws {
        while let series = takeNext() {
            while try await committer.run({
                try $0.segments.seal(series, grant: InternalGrant(.sealing))
            }) {}
        }
    }

    /// Taken before it is sealed, so that one which cannot be sealed holds up no other.
    private func takeNext() -> HistorySeries? {
        grown.withLock { grown in
            if let series = grown.series.popFirst() { return series }
            grown.isWorkedAt = false
            return nil
        }
    }
}
