import Chance
import ContextModel
import Synchronization
import Testing

/// A worker of the load: sends one request after the other about its own entities, and after a
/// crash finds out what became of the one that was not answered.
struct Lane: Sendable {
    private(set) var model: LaneModel
    private var dice: SeededGenerator
    /// Sent, not answered: it may have happened or not, but not by halves.
    private var inDoubt: LaneRequest?
    private var touched: Set<String> = []

    init(number: Int, seed: UInt64) {
        model = LaneModel(name: "\(seed)-\(number)")
        dice = SeededGenerator(seed: seed &* 1_000 &+ UInt64(number))
    }

    /// Sends until the hub is gone; `onEvent` runs at each request and each answer.
    mutating func load(
        _ hub: RealHub,
        _ client: HubClient,
        onEvent: @Sendable () -> Void
    ) async {
        while true {
            let request = model.next(&dice)
            touched.formUnion(request.ids)
            onEvent()
            guard let answer = try? await send(request, to: hub, client) else {
                inDoubt = request
                return
            }
            onEvent()
            if answer.isGood {
                model.apply(request)
            } else if ![429, 503].contains(answer.status) {
                Issue.record("\(request) got \(answer.status): \(answer.text)")
                return
            }
        }
    }

    private func send(
        _ request: LaneRequest,
        to hub: RealHub,
        _ client: HubClient
    ) async throws -> HubAnswer {
        let (method, path, json) = request.http
        guard let json else { return try await client.send(method, path, to: hub) }
        return try await client.send(method, path, to: hub, json: json)
    }

    /// Compares what the hub has of the entities touched since the last time with what was
    /// acknowledged.
    mutating func check(_ stored: StoredState, everything: Bool = false) async throws {
        let ids = everything ? model.entities.keys.sorted() : touched.sorted()
        touched = []
        var found: [String: KnownEntity] = [:]
        for id in ids { found[id] = try await stored.entity(id) }
        var outcomes = [model]
        if let inDoubt {
            var happened = model
            happened.apply(inDoubt)
            outcomes.append(happened)
        }
        let fitting = outcomes.first { outcome in
            ids.allSatisfy { found[$0] == outcome.entities[$0] ?? KnownEntity() }
        }
        guard let fitting else { return report(ids, found) }
        model = fitting
        inDoubt = nil
    }

    private func report(_ ids: [String], _ found: [String: KnownEntity]) {
        for id in ids where found[id] != model.entities[id] ?? KnownEntity() {
            Issue.record(
                """
                \(id) is \(String(describing: found[id])),
                acknowledged was \(String(describing: model.entities[id])),
                not answered: \(String(describing: inDoubt))
                """
            )
        }
    }
}

/// Does something once, at a number of events.
final class Countdown: Sendable {
    private let left: Mutex<Int>
    private let action: @Sendable () -> Void

    init(_ events: Int, action: @escaping @Sendable () -> Void) {
        left = Mutex(events)
        self.action = action
    }

    func tick() {
        let isTime = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isTime { action() }
    }
}
