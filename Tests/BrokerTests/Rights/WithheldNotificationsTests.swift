import ContextModel
import Governance
import StorageMemory
import Synchronization
import Testing

@testable import Broker

/// What somebody allows may change while a notification waits for its receiver: it is decided about again when
/// it leaves.
@Suite(.timeLimit(.minutes(1))) struct WithheldNotificationsTests {
    /// What a receiver was about to get, and what it got.
    private final class Receiver: Sendable {
        private struct State {
            var tried: [String] = []
            var sent: [String] = []
            var meanwhile: (@Sendable () async throws -> Void)?
        }
        private let state: Mutex<State>

        /// Does something while the first notification waits.
        init(_ meanwhile: @escaping @Sendable () async throws -> Void) {
            state = Mutex(State(meanwhile: meanwhile))
        }

        var tried: [String] { state.withLock(\.tried) }
        var sent: [String] { state.withLock(\.sent) }

        func take(_ request: NotificationRequest) async -> DeliveryResult {
            let text = String(decoding: request.body, as: UTF8.self)
            let meanwhile = state.withLock { state in
                state.tried.append(text)
                defer { state.meanwhile = nil }
                return state.meanwhile
            }
            do { try await meanwhile?() } catch { Issue.record(error) }
            guard await request.mayStillLeave() else { return .withheld }
            state.withLock { $0.sent.append(text) }
            return .delivered
        }
    }

    private func receiver(
        of ward: Ward,
        _ meanwhile: @escaping @Sendable () async throws -> Void
    ) -> Receiver {
        let receiver = Receiver(meanwhile)
        ward.fixture.recorder.answering { await receiver.take($0) }
        return receiver
    }

    private static let visits: JSONObject = ["entities": [["type": "Visit"]]]

    @Test func `somebody who objects while a connection is made is not told of`() async throws {
        let ward = try await Ward().filled()
        let id = try await ward.fixture.subscribe(Self.visits, caller: Ward.clinic)
        let receiver = receiver(of: ward) { try await ward.choose("object") }
        try await ward.make(ward.visit("3", of: Ward.siti))
        try await ward.make(ward.visit("4", of: Ward.budi))
        try await ward.fixture.delivering { while receiver.sent.isEmpty { await Task.yield() } }
        #expect(receiver.tried.first?.contains(Ward.siti.uri) == true)
        #expect(receiver.sent.count == 1 && receiver.sent[0].contains(Ward.budi.uri))
        let subscription = try await ward.hub.subscribing.retrieveSubscription(
            id,
            ld: .core,
            caller: Ward.clinic
        )
        let counts = subscription.objectValue?["notification"]?.objectValue
        #expect(counts?["timesSent"] == 1 && counts?["timesFailed"] ?? 0 == 0)
    }

    @Test func `of what waits together only what nobody objects to is told`() async throws {
        let ward = try await Ward().filled()
        try await ward.fixture.subscribe(
            ["entities": [["type": "Visit"]], "throttling": 1],
            caller: Ward.clinic
        )
        let receiver = receiver(of: ward) { try await ward.choose("object") }
        try await ward.make(ward.visit("3", of: Ward.siti))
        try await ward.make(ward.visit("4", of: Ward.budi))
        try await ward.fixture.delivering { while receiver.sent.isEmpty { await Task.yield() } }
        #expect(
            receiver.tried[0].contains(Ward.siti.uri) && receiver.tried[0].contains(Ward.budi.uri)
        )
        #expect(!receiver.sent[0].contains(Ward.siti.uri))
        #expect(receiver.sent[0].contains(Ward.budi.uri))
    }

    @Test func `a notification at intervals is made again without who objects`() async throws {
        let ward = try await Ward().filled()
        try await ward.fixture.subscribe(
            ["entities": [["type": "Visit"]], "timeInterval": 0.2],
            caller: Ward.clinic
        )
        let receiver = receiver(of: ward) { try await ward.choose("object") }
        try await ward.fixture.notifying { while receiver.sent.isEmpty { await Task.yield() } }
        #expect(
            receiver.tried[0].contains(Ward.siti.uri) && receiver.tried[0].contains(Ward.budi.uri)
        )
        #expect(!receiver.sent[0].contains(Ward.siti.uri))
        #expect(receiver.sent[0].contains(Ward.budi.uri))
    }

    @Test func `a permission that is taken back while a connection is made holds no more`()
        async throws
    {
        let ward = try await Ward().filled()
        try await ward.fixture.subscribe(Self.visits, caller: Ward.clinic)
        let receiver = receiver(of: ward) {
            try await ward.hub.governing.deletePolicy("urn:policy:clinic", caller: Ward.boss)
        }
        try await ward.make(ward.visit("3", of: Ward.siti))
        try await ward.fixture.delivering {
            while try await ward.fixture.depth > 0 { await Task.yield() }
        }
        #expect(receiver.tried.count == 1 && receiver.sent == [])
    }

    @Test func `an objection that another process took holds for what waits here`() async throws {
        let memory = SharedMemory()
        let first = try await Ward(memory: memory, process: "a").filled()
        let second = try await Ward(memory: memory, process: "b")
        try await first.fixture.subscribe(Self.visits, caller: Ward.clinic)
        let receiver = receiver(of: first) {
            try await second.choose("object")
            // For so long a process may take what it knows to be what all know.
            try await Task.sleep(for: .milliseconds(60))
        }
        try await first.make(first.visit("3", of: Ward.siti))
        try await first.make(first.visit("4", of: Ward.budi))
        try await first.fixture.delivering { while receiver.sent.isEmpty { await Task.yield() } }
        #expect(receiver.tried[0].contains(Ward.siti.uri))
        #expect(receiver.sent.count == 1 && receiver.sent[0].contains(Ward.budi.uri))
    }

    @Test func `a service in the process that waits for a thread is asked again, too`() async throws
    {
        let receivers = ServiceReceivers(LongWork(), HubClock { .init(microseconds: 0) })
        let name = try #require(ServiceName("lamps"))
        let receiver = try #require(ServiceReceiver(of: name, "all"))
        let told = Mutex(0)
        receivers.set({ _ in told.withLock { $0 += 1 } }, for: receiver)
        var request = NotificationRequest(
            url: receiver.uri,
            body: [],
            timeoutMilliseconds: 10_000,
            party: .operator,
            service: receiver
        )
        let ward = try await Ward()
        let session = try await ward.hub.reading.session(Ward.boss)
        #expect(await receivers.send(try await session.seal(request)) == .delivered)
        request.mayStillLeave = { false }
        #expect(await receivers.send(try await session.seal(request)) == .withheld)
        #expect(told.withLock(\.self) == 1)
    }
}
