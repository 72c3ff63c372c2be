package import ContextModel

/// Drives the demo city into a hub over its public API, like any other source.
///
/// First the city as it is now, then the last day of it as history, and from then on every few
/// seconds what has changed. History already there is not added twice, because the same seed tells
/// the same past.
package struct DemoDriver: Sendable {
    private let city: DemoCity
    private let hub: any HubDestination
    private let clock: @Sendable () -> Timestamp
    private let sleep: @Sendable (_ seconds: Int64) async throws -> Void
    private let tell: @Sendable (String) -> Void

    /// Seconds between two rounds of changes.
    package static let tickSeconds: Int64 = 5
    /// How much past the charts find at the first start.
    package static let historySeconds: Int64 = 86_400
    package static let historyStepSeconds: Int64 = 900
    /// Entities sent in one request at most.
    package static let batchLimit = 500

    /// `tell` is told what went wrong, a sentence each; the driver goes on.
    package init(
        city: DemoCity,
        hub: any HubDestination,
        clock: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (_ seconds: Int64) async throws -> Void,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.city = city
        self.hub = hub
        self.clock = clock
        self.sleep = sleep
        self.tell = tell
    }

    /// Runs until cancelled.
    package func run() async {
        var known = clock()
        while await !send(city.entities(at: known)) {
            guard await pause() else { return }
            known = clock()
        }
        let start = known
        async let past: Void = sendHistory(before: start)
        while await pause() {
            let now = clock()
            // What did not arrive is sent again with the next round.
            if await send(city.changes(since: known, until: now)) { known = now }
        }
        await past
    }

    /// False when the task was cancelled.
    private func pause() async -> Bool {
        do {
            try await sleep(Self.tickSeconds)
            return !Task.isCancelled
        } catch {
            return false
        }
    }

    /// Whether everything arrived; a hub that refuses single entities has got the others.
    private func send(_ entities: [JSONValue]) async -> Bool {
        for start in stride(from: 0, to: entities.count, by: Self.batchLimit) {
            let batch = entities[start..<min(start + Self.batchLimit, entities.count)]
            do {
                let refusals = try await hub.upsert(
                    JSONValue.array(Array(batch)).serialized,
                    isLinkedData: false
                )
                if let first = refusals.first {
                    tell("\(refusals.count) entities were refused: \(first.reason)")
                }
            } catch {
                tell("The demo city cannot write to the hub: \(error)")
                return false
            }
        }
        return true
    }

    /// The past on a grid of its own, so that a later start tells the same readings again.
    private func sendHistory(before now: Timestamp) async {
        let step = Self.historyStepSeconds * 1_000_000
        let end = Timestamp(microseconds: floorDivide(now.microseconds, step) * step)
        let start = Timestamp(microseconds: end.microseconds - Self.historySeconds * 1_000_000)
        let past = city.history(from: start, to: end, stepSeconds: Self.historyStepSeconds)
        for evolution in past where !Task.isCancelled {
            do {
                try await hub.appendHistory(evolution.serialized)
            } catch {
                tell("The demo city cannot write history to the hub: \(error)")
                return
            }
        }
    }
}
