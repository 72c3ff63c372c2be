internal import ContextModel
internal import Governance

/// Records who last used each value index, and when.
///
/// There are few indexes. The places belong to the most recent questions, and are shared out among
/// the parties that ask.
struct IndexPlaces: Sendable {
    private struct Ask: Sendable {
        /// The party that asked; nil when none has since the start.
        var party: Party?
        var at: Timestamp
    }

    private var asked: [Int64: Ask] = [:]
    /// The time of the last use of an index that has not been used since the start.
    private let start: Timestamp

    init(start: Timestamp) { self.start = start }

    /// Notes that the index answers a question of the party.
    mutating func note(_ name: Int64, for party: Party, at now: Timestamp) {
        asked[name] = Ask(party: party, at: now)
    }

    mutating func forget(_ name: Int64) { asked[name] = nil }

    /// The index that gives its place to one for the party; nil when none does.
    ///
    /// It is one that nobody has used lately, or else one of the party with most indexes, if that
    /// has more than the asking party would then have.
    func giving(to party: Party, of names: Set<Int64>, at now: Timestamp) -> Int64? {
        let asks = names.map { (name: $0, ask: asked[$0] ?? Ask(party: nil, at: start)) }
            .sorted { $0.ask.at < $1.ask.at }
        guard let oldest = asks.first else { return nil }
        if now.microseconds - oldest.ask.at.microseconds >= Limits.indexIdleMicroseconds {
            return oldest.name
        }
        var shares = FairShares<Party>(capacity: Limits.indexedAttributes)
        for (_, ask) in asks { if let party = ask.party { shares.take(party) } }
        guard let greatest = shares.greatest, shares[greatest] > shares[party] + 1 else {
            return nil
        }
        return asks.first { $0.ask.party == greatest }?.name
    }
}
