import ContextModel
import Governance
import Synchronization

@testable import Broker
@testable import Gateway

/// Tokens of parties in memory: a token's text is its party's, with its number.
final class PartyTokenDouble: PartyTokenStore {
    private let tokens: Mutex<[PartyToken]>

    init(_ tokens: [PartyToken] = []) { self.tokens = Mutex(tokens) }

    func all() -> [PartyToken] { tokens.withLock(\.self) }

    func add(party: String) throws -> String {
        guard !party.isEmpty else { throw BrokerError(.badRequestData, "A party has a name.") }
        return tokens.withLock { tokens in
            tokens.append(PartyToken(party: .named(PartyID(party)), madeAt: nil))
            return "secret of \(party), number \(tokens.count)"
        }
    }

    func remove(party: String) -> Int {
        tokens.withLock { tokens in
            let before = tokens.count
            tokens.removeAll { $0.party == .named(PartyID(party)) }
            return before - tokens.count
        }
    }
}
