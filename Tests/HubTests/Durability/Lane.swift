import Chance
import ContextModel
import NIOHTTP1
import Synchronization
import Testing

/// What a worker of the load asks for next, and what its answered requests have brought about.
protocol LoadModel: Sendable {
    associatedtype Request: LoadRequest
    associatedtype Known: Sendable, Equatable

    init(name: String)

    /// A request that makes sense now.
    mutating func next(_ dice: inout SeededGenerator) -> Request
    mutating func apply(_ request: Request)
    /// What there may be where it is not known how far the request has come.
    func outcomes(of request: Request) -> [Self]
    /// Everything that requests it was told to apply were about.
    var ids: [String] { get }
    func known(_ id: String) -> Known
    /// What the hub has of it.
    static func stored(_ id: String, in state: StoredState) async throws -> Known
    /// Whether a good answer says what it must.
    func isTrue(_ answer: HubAnswer, to request: Request) -> Bool
}

extension LoadModel {
    func outcomes(of request: Request) -> [Self] {
        var whole = self
        whole.apply(request)
        return [whole]
    }

    func isTrue(_ answer: HubAnswer, to request: Request) -> Bool { true }
}

/// A request of the load: one worker's, about what is its alone.
protocol LoadRequest: Sendable, Hashable {
    var ids: [String] { get }
    var http: (method: HTTPMethod, path: String, json: JSONValue?) { get }
}

/// A worker of the load: sends one request after the other, and after a crash finds out what became
/// of the one that was not answered.
struct Lane<Model: LoadModel>: Sendable {
    private(set) var model: Model
    private var dice: SeededGenerator
    /// Sent, not answered: it may have happened or not, but not by halves.
    private var inDoubt: Model.Request?
    private var touched: Set<String> = []

    init(number: Int, seed: UInt64) {
        model = Model(name: "\(seed)-\(number)")
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
            // 207: something of it was refused.
            if answer.isGood, answer.status != 207, model.isTrue(answer, to: request) {
                model.apply(request)
            } else if ![429, 503].contains(answer.status) {
                Issue.record("\(request) got \(answer.status): \(answer.text)")
                return
            }
        }
    }

    private func send(
        _ request: Model.Request,
        to hub: RealHub,
        _ client: HubClient
    ) async throws -> HubAnswer {
        let (method, path, json) = request.http
        guard let json else { return try await client.send(method, path, to: hub) }
        return try await client.send(method, path, to: hub, json: json)
    }

    /// Compares what the hub has of what was touched since the last time with what was acknowledged.
    mutating func check(_ stored: StoredState, everything: Bool = false) async throws {
        // The model knows nothing yet of what only the request in doubt was about.
        let ids = touched.union(everything ? model.ids : []).sorted()
        touched = []
        var found: [String: Model.Known] = [:]
        for id in ids { found[id] = try await Model.stored(id, in: stored) }
        var outcomes = [model]
        if let inDoubt { outcomes += model.outcomes(of: inDoubt) }
        let fitting = outcomes.first { outcome in ids.allSatisfy { found[$0] == outcome.known($0) }
        }
        guard let fitting else { return report(ids, found) }
        model = fitting
        inDoubt = nil
    }

    private func report(_ ids: [String], _ found: [String: Model.Known]) {
        for id in ids where found[id] != model.known(id) {
            Issue.record(
                """
                \(id) is \(String(describing: found[id])),
                acknowledged was \(model.known(id)),
                not answered: \(String(describing: inDoubt))
                """
            )
        }
    }
}

/// Workers of one kind, all at work at once.
struct Lanes<Model: LoadModel>: Sendable {
    private var lanes: [Lane<Model>]

    init(_ count: Int, seed: UInt64) {
        lanes = (0..<count).map { Lane(number: $0, seed: seed) }
    }

    var models: [Model] { lanes.map(\.model) }

    /// Loads until the hub is gone.
    func loaded(_ hub: RealHub, _ client: HubClient, _ countdown: Countdown) async -> Self {
        var loaded = self
        loaded.lanes = await withTaskGroup(of: (Int, Lane<Model>).self) { group in
            for (index, lane) in lanes.enumerated() {
                group.addTask {
                    var lane = lane
                    await lane.load(hub, client) { countdown.tick() }
                    return (index, lane)
                }
            }
            return await group.reduce(into: lanes) { $0[$1.0] = $1.1 }
        }
        return loaded
    }

    mutating func check(_ stored: StoredState, everything: Bool = false) async throws {
        for index in lanes.indices { try await lanes[index].check(stored, everything: everything) }
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
