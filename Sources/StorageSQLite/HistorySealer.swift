internal import Governance
internal import Storage
internal import Synchronization

/// Seals the series that readers have found to be long.
final class HistorySealer: Sendable {
    /// The series to be sealed, and whether a sealing runs.
    private struct GrownSeries {
        var series: Set<HistorySeries> = []
        var isWorkedAt = false
    }
    private let grown = Mutex(GrownSeries())

    private let committer: Committer

    init(_ committer: Committer) { self.committer = committer }

    /// Seals series in the background, one segment at a time between other requests.
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
                // The disk is full or the store is closing. The series is still read from its
                // rows, and its next reader asks for it to be sealed again.
                grown.withLock { $0.isWorkedAt = false }
            }
        }
    }

    /// Seals the series that readers have found to be long; returns when none is left.
    func sealHistory() async throws {
        while let series = takeNext() {
            while try await committer.run({
                try $0.segments.seal(series, grant: InternalGrant(.sealing))
            }) {}
        }
    }

    /// Removed before it is sealed, so that a series that cannot be sealed does not hold up
    /// others.
    private func takeNext() -> HistorySeries? {
        grown.withLock { grown in
            if let series = grown.series.popFirst() { return series }
            grown.isWorkedAt = false
            return nil
        }
    }
}
