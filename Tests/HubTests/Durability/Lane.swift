import Chance
import ContextModel
import NIOHTTP1
import Synchronization
import Testing

/// Chooses a worker's next request, and knows the effects of its answered ones.
protocol LoadModel: Sendable {
    associatedtype Request: LoadRequest
    associatedtype Known: Sendable, Equatable

    init(name: String)

    /// A request that is possible now.
    mutating func next(_ dice: inout SeededGenerator) -> Request
    mutating func apply(_ request: Request)
    /// The possible states after a request whose progress is unknown.
    func outcomes(of request: Request) -> [Self]
    /// The identifiers of everything in the applied requests.
    var ids: [String] { get }
    func known(_ id: String) -> Known
    /// The hub's content for the identifier.
    static func stored(_ id: String, in state: StoredState) async throws -> Known
    /// Whether a successful answer has the expected content.
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

/// A request of a worker, about data that is its own.
protocol LoadRequest: Sendable, Hashable {
    var ids: [String] { get }
    var http: (method: HTTPMethod, path: String, json: JSONValue?) { get }
}

/// A worker, which sends one request after the other, and after a crash finds out what became of
/// the unanswered one.
struct Lane<Model: LoadModel>: Sendable {
    private(set) var model: Model
    private var dice: SeededGenerator
    /// A request that was sent and not answered: it may have happened or not, but not partly.
    private var inDoubt: Model.Request?
    private var touched: Set<String> = []

    init(number: Int, seed: UInt64) {
        model = Model(name: "\(seed)-\(number)")
        dice = SeededGenerator(seed: seed &* 1_000 &+ UInt64(number))
    }

    /// Sends until the hub is killed; `onEvent` runs at each request and each answer.
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
            // 207: a part of it was refused.
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

    /// Compares the hub's data with what was acknowledged, for everything changed since the last
    /// check.
    mutating func check(_ stored: StoredState, everything: Bool = false) async throws {
        // The model does not know data of the unanswered request alone.
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

/// Workers of one kind, which run at once.
struct Lanes<Model: LoadModel>: Sendable {
    private var lanes: [Lane<Model>]

    init(_ count: Int, seed: UInt64) {
        lanes = (0..<count).map { Lane(number: $0, seed: seed) }
    }

    var models: [Model] { lanes.map(\.model) }

    /// Sends until the hub is killed.
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

/// Runs something once, after a number of events.
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
