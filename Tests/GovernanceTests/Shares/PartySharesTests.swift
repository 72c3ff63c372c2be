import Governance
import Testing

/// Places shared by parties, and by those without a token at different addresses.
@Suite struct PartySharesTests {
    private let named = Sharer(.named(PartyID("office")))

    private func stranger(_ number: UInt8) -> Sharer {
        Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, number]))
    }

    /// Takes until no more is within the share; returns how many that were.
    private func takeAll(_ sharer: Sharer, of shares: inout PartyShares) -> Int {
        var count = 0
        while shares.takeIfFair(sharer) { count += 1 }
        return count
    }

    @Test func `one address has half of the share of all who have no token`() {
        var shares = PartyShares(capacity: 1_024)
        #expect(takeAll(stranger(1), of: &shares) == 256)
        #expect(takeAll(stranger(2), of: &shares) == 128)
        #expect(takeAll(named, of: &shares) == 320)
    }

    @Test func `a party gets its share for any number of addresses`() {
        var shares = PartyShares(capacity: 1_024)
        for number in UInt8.min...UInt8.max { _ = takeAll(stranger(number), of: &shares) }
        #expect(takeAll(named, of: &shares) >= 256)
    }

    @Test func `an address gets places again as others return theirs`() {
        var shares = PartyShares(capacity: 4)
        let (first, second) = (stranger(1), stranger(2))
        #expect(takeAll(first, of: &shares) == 1)
        #expect(takeAll(second, of: &shares) == 1)
        let third = stranger(3)
        #expect(takeAll(third, of: &shares) == 0)
        shares.giveBack(first)
        #expect(takeAll(third, of: &shares) == 1)
    }

    @Test func `a single holder may take the longest at once`() {
        let shares = PartyShares(capacity: 64 << 20)
        #expect(shares.left(for: named) == 32 << 20)
        #expect(shares.left(for: stranger(1)) == 16 << 20)
    }

    @Test func `an IPv6 prefix is one address, and so is IPv4 in any notation`() {
        let prefix: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1]
        let rest = [UInt8](repeating: 7, count: 8)
        let one = AddressBlock(bytes: prefix + rest)
        #expect(one == AddressBlock(bytes: prefix + rest.map { $0 + 1 }))
        #expect(one != AddressBlock(bytes: prefix.dropLast() + [2] + rest))
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 203, 0, 113, 1]
        #expect(AddressBlock(bytes: mapped) == AddressBlock(bytes: [203, 0, 113, 1]))
        #expect(AddressBlock(bytes: [1, 2, 3]) == nil)
    }

    @Test func `a token has one share from any address`() {
        let address = AddressBlock(bytes: [203, 0, 113, 1])
        #expect(Sharer(.operator, at: address) == Sharer(.operator))
        #expect(Sharer(.anonymous, at: address) != Sharer(.anonymous))
    }
}
