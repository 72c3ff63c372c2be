import ContextModel
import Governance
import StorageMemory
import Testing

@testable import Broker

extension NotificationRequest {
    /// The request as a session seals it, because senders accept no other.
    func sealed() async throws -> Disclosed<NotificationRequest> {
        let store = try await MemoryStore(clock: { .init(microseconds: 0) }).makeTenant(nil)
        let decision = Policy(permissions: [], isOpen: true).decideRead(Caller(party: party))
        guard case .grant(let grant) = decision else {
            throw BrokerError(.forbidden, "An open policy refuses.")
        }
        let recorder = Recorder(nil, HubClock { .init(microseconds: 0) })
        let record = SessionRecord(recorder, of: Caller(party: party))
        return try await ReadSession(store, grant, record).seal(self)
    }
}
