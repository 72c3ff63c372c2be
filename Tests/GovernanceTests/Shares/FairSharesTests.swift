import Governance
import Testing

/// Places shared by parties that do not know each other.
@Suite struct FairSharesTests {
    /// Takes until no more is within the share; returns how many that were.
    private func takeAll(_ holder: String, of shares: inout FairShares<String>) -> Int {
        var count = 0
        while shares.takeIfFair(holder) { count += 1 }
        return count
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 2), (4, 2), (256, 128), (1_024, 512)])
    func `a single holder has half of the places`(capacity: Int, most: Int) {
        var shares = FairShares<String>(capacity: capacity)
        #expect(takeAll("a", of: &shares) == most)
    }

    @Test func `a later holder gets places, and those that others return`() {
        var shares = FairShares<String>(capacity: 1_024)
        #expect(takeAll("greedy", of: &shares) == 512)
        #expect(takeAll("b", of: &shares) == 256)
        shares.giveBack("greedy", 100)
        // The share has become smaller meanwhile: what was given back is others' first.
        #expect(!shares.mayTake("greedy"))
        #expect(takeAll("b", of: &shares) == 50)
        #expect(takeAll("c", of: &shares) > 0)
        #expect(shares.total <= shares.capacity)
    }

    @Test func `holders that take as much as they can get equal shares`() {
        var shares = FairShares<Int>(capacity: 300)
        var dice = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let holder = Int.random(in: 0..<2, using: &dice)
            while shares.takeIfFair(holder) {}
            shares.giveBack(holder)
        }
        for holder in 0..<2 { #expect((90...110).contains(shares[holder])) }
        #expect(shares.total <= 300)
    }

    @Test func `taking several equals taking one after the other`() {
        for (held, count) in [(0, 5), (3, 4), (10, 30), (0, 51), (20, 31), (49, 1), (50, 1)] {
            var single = FairShares<String>(capacity: 100)
            single.take("a", held)
            let together = single.mayTake("a", count)
            var fits = 0
            for _ in 0..<count where single.takeIfFair("a") { fits += 1 }
            #expect(together == (fits == count))
        }
    }

    @Test func `the greatest holder is known, and one without anything is forgotten`() {
        var shares = FairShares<String>(capacity: 10)
        #expect(shares.greatest == nil)
        shares.take("a", 3)
        shares.take("b", 9)
        #expect(shares.greatest == "b")
        #expect(!shares.mayTake("c"))
        shares.giveBack("b", 9)
        #expect(shares.greatest == "a")
        #expect(shares.places == ["a": 3])
        #expect(shares.total == 3)
    }
}
