import ContextModel
import Federation
import Governance
import HubNetwork
import Storage
import Synchronization

@testable import Broker

/// Sources that answer what a test says, and keep what they were asked.
final class ScriptedSource: SourceClient {
    typealias Script = @Sendable (SourceRequest) async throws -> SourceAnswer

    private let script: Script
    private let kept = Mutex<[SourceRequest]>([])

    init(_ script: @escaping Script) { self.script = script }

    var requests: [SourceRequest] { kept.withLock(\.self) }

    func answer(
        to request: SourceRequest,
        maximumBytes: Int,
        in memory: AnswerMemory,
        for sharer: Sharer,
        signedBy signer: RequestSigner?
    ) async throws(SourceProblem) -> SourceAnswer {
        kept.withLock { $0.append(request) }
        do {
            let answer = try await script(request)
            guard answer.body.count <= maximumBytes else { throw SourceProblem.tooMuch }
            guard memory.take(answer.body.count) else { throw SourceProblem.busy }
            return answer
        } catch let problem as SourceProblem {
            throw problem
        } catch {
            throw .unreachable
        }
    }
}

extension SourceAnswer {
    static func json(_ json: JSONValue, status: Int = 200) -> SourceAnswer {
        SourceAnswer(status: status, body: json.serialized)
    }
}

/// A hub whose sources follow a script, with a clock that moves only where a test says so.
struct FederatedFixture {
    let fixture: SubscriptionFixture
    let source: ScriptedSource
    let clock: HandClock

    init(
        policy: Policy = SubscriptionFixture.open,
        _ script: @escaping ScriptedSource.Script
    ) async throws {
        let clock = HandClock()
        source = ScriptedSource(script)
        self.clock = clock
        fixture = try await SubscriptionFixture(
            policy: policy,
            sourceClient: source,
            clock: HubClock({ clock.now }, sleep: { try await clock.sleep(for: $0) })
        )
    }

    func query(
        _ filters: [String: String] = [:],
        condition: Condition = .type(SubscriptionFixture.iri("Bus")),
        via: [String] = [],
        conveyed: [String: String] = [:],
        csf: Condition = .everything,
        types: Condition = .type(SubscriptionFixture.iri("Bus")),
        limit: Int = 100,
        offset: Int = 0,
        order: [OrderTerm] = [],
        shownAs representation: Representation = Representation(),
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> Disclosed<EntityAnswer> {
        try await fixture.hub.reading.queryEntities(
            EntityQuery(
                condition: condition,
                order: order,
                offset: offset,
                limit: limit,
                wantsCount: true
            ),
            shownAs: representation,
            forwarding: Forwarding(
                context: .core,
                via: via,
                selections: [EntitySelection(types: types)],
                filters: filters.map { KeyValuePair(key: $0.key, value: $0.value) },
                csf: csf,
                conveyed: { conveyed[$0.lowercased()] }
            ),
            caller: caller
        )
    }

    @discardableResult
    func retrieve(
        _ id: String,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> Disclosed<RetrievedEntity> {
        try await fixture.hub.reading.retrieveEntity(
            EntityID(id),
            forwarding: Forwarding(
                context: .core,
                selections: [EntitySelection(ids: [EntityID(id)])]
            ),
            caller: caller
        )
    }

    /// Whether the hub itself has the entity.
    func isHere(_ id: String) async throws -> Bool {
        do {
            _ = try await fixture.shown(id)
            return true
        } catch let error as BrokerError where error.code == .resourceNotFound {
            return false
        }
    }

    /// The identifiers on the page.
    static func ids(_ answer: Disclosed<EntityAnswer>) throws -> [String] {
        try answer.page.entities.map { try $0.value().id.uri }
    }
}

/// A clock that moves by hand: who sleeps wakes when it has moved so far.
final class HandClock: Sendable {
    private struct State {
        var now = Timestamp(microseconds: 1_800_000_000_000_000)
        var sleepers: [(until: Timestamp, id: Int, wake: CheckedContinuation<Void, any Error>)] = []
        var next = 0
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    var now: Timestamp { state.withLock(\.now) }
    /// How many sleep.
    var sleepers: Int { state.withLock(\.sleepers.count) }

    func move(milliseconds: Int64) {
        let woken = state.withLock { state in
            state.now.microseconds += milliseconds * 1_000
            let woken = state.sleepers.filter { $0.until <= state.now }
            state.sleepers.removeAll { $0.until <= state.now }
            return woken
        }
        for sleeper in woken { sleeper.wake.resume() }
    }

    func sleep(for duration: Duration) async throws {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wake in
                let isCancelled = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    let until = Timestamp(microseconds: state.now.microseconds + microseconds)
                    state.sleepers.append((until, id, wake))
                    return false
                }
                if isCancelled { wake.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let place = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil as CheckedContinuation<Void, any Error>?
                }
                return state.sleepers.remove(at: place).wake
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }
}
