import Broker
import ContextModel
import Logging
package import Services

/// Writes the demo city into its hub, like any other source.
///
/// First it writes the city as it is now, then the part of the last day's history that the hub
/// does not have, and from then on the changes every few seconds.
package struct DemoDriver: Sendable {
    private let city: DemoCity
    private let context: ServiceContext

    /// Seconds between two rounds of changes.
    package static let tickSeconds: Int64 = 5
    /// The seconds of history that charts have at the first start.
    package static let historySeconds: Int64 = 86_400
    package static let historyStepSeconds: Int64 = 900
    /// The most entities in one batch.
    package static let batchLimit = 500

    /// The document with the time up to which history is written.
    private static let writtenUntil = "history-told-until"

    package init(city: DemoCity, context: ServiceContext) {
        self.city = city
        self.context = context
    }

    /// Runs until cancelled; errors are logged and the work is repeated.
    package func run() async {
        var known = context.clock()
        while await !send(city.entities(at: known)) {
            guard await pause() else { return }
            known = context.clock()
        }
        let start = known
        async let past: Void = writeHistory(before: start)
        while await pause() {
            let now = context.clock()
            // Changes that did not arrive are sent again in the next round.
            if await send(city.changes(since: known, until: now)) { known = now }
        }
        await past
    }

    /// Waits for the next round; false when the task was cancelled.
    private func pause() async -> Bool {
        do {
            try await context.sleep(Self.tickSeconds)
            return !Task.isCancelled
        } catch {
            return false
        }
    }

    /// Sends the entities; returns whether the hub processed them, even if it refused some.
    private func send(_ entities: [JSONValue]) async -> Bool {
        for start in stride(from: 0, to: entities.count, by: Self.batchLimit) {
            let batch = entities[start..<min(start + Self.batchLimit, entities.count)]
            do {
                let result = try await context.city.upsert(Array(batch))
                if let first = result.errors.first {
                    context.logger.warning(
                        "\(result.errors.count) entities were refused: \(first.error.detail)"
                    )
                }
            } catch {
                context.logger.warning("The demo city cannot write to the hub: \(error)")
                return false
            }
        }
        return true
    }

    private func writeHistory(before now: Timestamp) async {
        do {
            try await history(before: now)
        } catch {
            context.logger.warning("The demo city cannot write history to the hub: \(error)")
        }
    }

    /// Writes history at fixed steps of time, so that a later start continues where an earlier one
    /// ended.
    private func history(before now: Timestamp) async throws {
        let step = Self.historyStepSeconds * 1_000_000
        let end = Timestamp(microseconds: floorDivide(now.microseconds, step) * step)
        var start = Timestamp(microseconds: end.microseconds - Self.historySeconds * 1_000_000)
        let written = try await context.documents.document(Self.writtenUntil)?.stringValue
        if let written = written.flatMap({ Timestamp($0) }), written >= start {
            start = Timestamp(microseconds: written.microseconds + step)
        }
        guard start <= end else { return }
        let past = city.history(from: start, to: end, stepSeconds: Self.historyStepSeconds)
        for evolution in past {
            try Task.checkCancellation()
            try await context.city.appendHistory(evolution)
        }
        try await context.documents.keep(.string(end.text), as: Self.writtenUntil)
    }
}
