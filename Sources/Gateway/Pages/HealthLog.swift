package import ContextModel
import CoreMetrics
package import Storage
import Synchronization

/// The recent figures of the hub, for the page *Health*.
///
/// A service calls `sample` at equal intervals; the page reads what was kept.
package final class HealthLog: Sendable {
    /// The samples kept: those of ten minutes.
    package static let sampleLimit = 120
    /// Seconds between two samples.
    package static let sampleSeconds: Int64 = 5
    /// The errors kept.
    package static let errorLimit = 30
    /// The ages of a waiting notification from which the page asks for attention, and then for
    /// action.
    private static let attentionAgeSeconds: Int64 = 60
    private static let worryAgeSeconds: Int64 = 3_600

    private struct State {
        var totals: Totals?
        var samples: [Sample] = []
        var errors: [HealthSummary.ErrorLine] = []
        /// The time of the last write that was refused because the disk was full.
        var refusedForFullDiskAt: Timestamp?
    }
    private let registry: MetricRegistry
    private let waiting: Meter
    private let oldest: Meter
    private let version: String
    private let startedAt: Timestamp
    private let state = Mutex(State())

    package init(registry: MetricRegistry, version: String, startedAt: Timestamp) {
        self.registry = registry
        waiting = Meter(label: "balai_notifications_waiting", factory: registry)
        oldest = Meter(label: "balai_notifications_oldest_seconds", factory: registry)
        self.version = version
        self.startedAt = startedAt
    }

    /// Adds the present figures; rates are computed from the sample before.
    ///
    /// `disk` is the free space for the data.
    package func sample(
        at now: Timestamp,
        outbox: OutboxDepth,
        deadLetters: Int,
        disk: DiskSpace? = nil
    ) {
        let totals = Totals(registry, at: now)
        let since = outbox.oldest.map { now.microseconds - $0.microseconds } ?? 0
        waiting.set(outbox.count)
        oldest.set(since / 1_000_000)
        let memory = Double(ProcessMetrics.residentBytes ?? 0)
        state.withLock { state in
            let before = state.totals ?? Totals(at: startedAt)
            state.totals = totals
            if totals.refusedForFullDisk > before.refusedForFullDisk {
                state.refusedForFullDiskAt = now
            }
            state.samples.append(
                Sample(
                    from: before,
                    to: totals,
                    outbox: outbox,
                    deadLetters: deadLetters,
                    memoryBytes: memory,
                    disk: disk
                )
            )
            if state.samples.count > Self.sampleLimit { state.samples.removeFirst() }
        }
    }

    /// Keeps an error for the next visitor.
    package func note(_ error: HealthSummary.ErrorLine) {
        state.withLock { state in
            state.errors.insert(error, at: 0)
            if state.errors.count > Self.errorLimit { state.errors.removeLast() }
        }
    }

    /// The present state, with figures and errors only for those who may know them.
    package func summary(withMeasures: Bool, withErrors: Bool) -> HealthSummary {
        let state = state.withLock { $0 }
        let isRefusing = isRefusingForFullDisk(state)
        return HealthSummary(
            version: version,
            startedAt: startedAt,
            store: isRefusing ? .full : .sound,
            measures: withMeasures
                ? Self.measures(state.samples) + Self.diskMeasure(state.samples, isRefusing) : nil,
            errors: withErrors ? state.errors : nil
        )
    }

    /// Whether writes were refused for lack of space within the last minute, or since the last
    /// sample: a quota may be used up while the disk is not full.
    private func isRefusingForFullDisk(_ state: State) -> Bool {
        let last = state.totals ?? Totals(at: startedAt)
        if Totals(registry, at: last.at).refusedForFullDisk > last.refusedForFullDisk {
            return true
        }
        guard let refusedAt = state.refusedForFullDiskAt else { return false }
        return last.at.microseconds - refusedAt.microseconds < Self.attentionAgeSeconds * 1_000_000
    }

    private static func measures(_ samples: [Sample]) -> [HealthSummary.Measure] {
        func measure(
            _ name: String,
            _ unit: Wording,
            _ explanation: Wording,
            _ figure: (Sample) -> Double,
            state: HealthSummary.State = .good
        ) -> HealthSummary.Measure {
            let history = samples.map(figure)
            return HealthSummary.Measure(
                name: .words(name),
                value: history.last ?? 0,
                unit: unit,
                explanation: explanation,
                history: history,
                state: state
            )
        }
        let last = samples.last
        return [
            measure(
                "healthRequests",
                .words("healthPerSecond"),
                .words("healthRequestsWhy"),
                \.requestsPerSecond
            ),
            measure(
                "healthAnswerTime",
                .same("ms"),
                .words("healthAnswerTimeWhy"),
                \.answerMilliseconds
            ),
            measure(
                "healthRefused",
                .words("healthPerSecond"),
                .words("healthRefusedWhy"),
                \.refusedPerSecond
            ),
            measure(
                "healthOwnErrors",
                .words("healthPerSecond"),
                .words("healthOwnErrorsWhy"),
                \.failedPerSecond,
                state: last.map { $0.failedPerSecond > 0 } == true
                    ? .attention : .good
            ),
            measure(
                "healthWaiting",
                .same(""),
                outboxExplanation(last),
                \.outboxCount,
                state: outboxState(last)
            ),
            measure(
                "healthGivenUp",
                .same(""),
                .words("healthGivenUpWhy"),
                \.deadLetterCount,
                state: last.map { $0.deadLetterCount > 0 } == true ? .attention : .good
            ),
            measure(
                "healthMemory",
                .same("MB"),
                .words("healthMemoryWhy"),
                \.memoryMegabytes
            ),
        ]
    }

    /// The free space; empty where the system does not report it.
    private static func diskMeasure(
        _ samples: [Sample],
        _ isRefusing: Bool
    ) -> [HealthSummary.Measure] {
        guard let disk = samples.last?.disk else { return [] }
        let total = Words.figure(Double(disk.totalBytes) / 1_000_000_000)
        let isFull = disk.isFull || isRefusing
        let measure = HealthSummary.Measure(
            name: .words("healthDisk"),
            value: Double(disk.freeBytes) / 1_000_000_000,
            unit: .same("GB"),
            explanation: .words(isFull ? "healthDiskFull" : "healthDiskWhy", ["total": total]),
            history: samples.compactMap(\.disk).map { Double($0.freeBytes) / 1_000_000_000 },
            state: isFull ? .bad : disk.isScarce ? .attention : .good
        )
        return [measure]
    }

    private static func outboxExplanation(_ sample: Sample?) -> Wording {
        guard let age = sample?.outboxAgeSeconds, age >= attentionAgeSeconds else {
            return .words("healthWaitingWhy")
        }
        return .lasting("healthWaitingLong", seconds: age)
    }

    private static func outboxState(_ sample: Sample?) -> HealthSummary.State {
        switch sample?.outboxAgeSeconds ?? 0 {
        case ..<attentionAgeSeconds: .good
        case ..<worryAgeSeconds: .attention
        default: .bad
        }
    }
}

/// The counters at one moment.
private struct Totals {
    var at: Timestamp
    var requests: Int64 = 0
    var refused: Int64 = 0
    var failed: Int64 = 0
    var answerSeconds = 0.0
    var refusedForFullDisk: Int64 = 0

    init(at: Timestamp) { self.at = at }

    init(_ registry: MetricRegistry, at: Timestamp) {
        self.at = at
        for (name, series) in registry.series {
            switch (name.name, series) {
            case ("http_requests_total", .counter(let count)):
                requests += count.value
                if name.labels.contains("status=\"4xx\"") { refused += count.value }
                if name.labels.contains("status=\"5xx\"") { failed += count.value }
            case (ProblemReporter.refusedForFullDisk + "_total", .counter(let count)):
                refusedForFullDisk += count.value
            case ("http_request_duration_seconds", .histogram(let histogram)):
                answerSeconds += histogram.cumulative.sum
            default: break
            }
        }
    }
}

/// The figures of one interval.
private struct Sample {
    var requestsPerSecond: Double
    var answerMilliseconds: Double
    var refusedPerSecond: Double
    var failedPerSecond: Double
    var outboxCount: Double
    var outboxAgeSeconds: Int64
    var deadLetterCount: Double
    var memoryMegabytes: Double
    var disk: DiskSpace?

    init(
        from before: Totals,
        to now: Totals,
        outbox: OutboxDepth,
        deadLetters: Int,
        memoryBytes: Double,
        disk: DiskSpace?
    ) {
        let span = now.at.microseconds - before.at.microseconds
        let seconds = max(0.001, Double(span) / 1_000_000)
        let requests = Double(now.requests - before.requests)
        requestsPerSecond = requests / seconds
        refusedPerSecond = Double(now.refused - before.refused) / seconds
        failedPerSecond = Double(now.failed - before.failed) / seconds
        answerMilliseconds =
            requests > 0 ? (now.answerSeconds - before.answerSeconds) / requests * 1_000 : 0
        outboxCount = Double(outbox.count)
        let oldest = outbox.oldest ?? now.at
        outboxAgeSeconds = (now.at.microseconds - oldest.microseconds) / 1_000_000
        deadLetterCount = Double(deadLetters)
        memoryMegabytes = memoryBytes / 1_048_576
        self.disk = disk
    }
}
