/// Shares of the parties, of which that of those without a token is shared out among them once more, by
/// address.
///
/// Both follow one rule: a party may take one more while it holds fewer than are free, and an address
/// while it holds fewer than its party may still take. So one address alone has a quarter, and however
/// many addresses there are, other parties have their shares.
package struct PartyShares: Sendable {
    private var parties: FairShares<Party>
    private var addresses: [AddressBlock: Int] = [:]

    package init(capacity: Int) { parties = FairShares(capacity: capacity) }

    /// How many places there are in all.
    package var capacity: Int { parties.capacity }

    /// How many more, taken one after the other, are within the sharer's share.
    package func left(for sharer: Sharer) -> Int {
        let left = parties.left(for: sharer.party)
        guard let address = sharer.address else { return left }
        let free = max(0, left - (addresses[address] ?? 0))
        return free / 2 + free % 2
    }

    /// Takes them whether they are within the sharer's share or not.
    package mutating func take(_ sharer: Sharer, _ count: Int = 1) {
        parties.take(sharer.party, count)
        if let address = sharer.address { addresses[address, default: 0] += count }
    }

    /// Takes them if they are within the sharer's share; false when they are not.
    package mutating func takeIfFair(_ sharer: Sharer, _ count: Int = 1) -> Bool {
        guard count <= left(for: sharer) else { return false }
        take(sharer, count)
        return true
    }

    /// Gives back places; to give back more than were taken stops the program.
    package mutating func giveBack(_ sharer: Sharer, _ count: Int = 1) {
        parties.giveBack(sharer.party, count)
        guard let address = sharer.address else { return }
        let left = (addresses[address] ?? 0) - count
        precondition(left >= 0, "more is given back than was taken")
        addresses[address] = left > 0 ? left : nil
    }
}
