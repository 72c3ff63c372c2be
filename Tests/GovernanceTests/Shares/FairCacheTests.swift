import Governance
import Testing

/// Room shared by parties that do not know each other.
@Suite struct FairCacheTests {
    private let city = Party.named(PartyID("city"))
    private let works = Party.named(PartyID("works"))

    @Test func `the least recently used value is evicted when the bytes are too many`() {
        var cache = FairCache<String, Int>(maximumBytes: 100, maximumCount: 100)
        #expect(cache.put(1, for: "a", bytes: 40, owner: city) == [])
        #expect(cache.put(2, for: "b", bytes: 40, owner: city) == [])
        #expect(cache.use("a")?.value == 1)
        #expect(cache.put(3, for: "c", bytes: 40, owner: city) == [2])
        #expect(Set(cache.values) == [1, 3])
    }

    @Test func `small values count for a minimum, so that there are not too many`() {
        var cache = FairCache<Int, Int>(maximumBytes: 100, maximumCount: 4)
        for number in 0..<4 { #expect(cache.put(number, for: number, bytes: 1, owner: city) == []) }
        #expect(cache.put(4, for: 4, bytes: 1, owner: city) == [0])
    }

    @Test func `the party with most is evicted from, not the first one`() {
        var cache = FairCache<String, Int>(maximumBytes: 100, maximumCount: 100)
        #expect(cache.put(1, for: "works", bytes: 20, owner: works) == [])
        #expect(cache.put(2, for: "a", bytes: 40, owner: city) == [])
        #expect(cache.put(3, for: "b", bytes: 40, owner: city) == [])
        #expect(cache.put(4, for: "more of works", bytes: 30, owner: works) == [2])
        #expect(cache.put(5, for: "c", bytes: 40, owner: city) == [3])
        #expect(Set(cache.values) == [1, 4, 5])
    }

    @Test func `a value beyond the capacity is evicted itself, with its party's alone`() {
        var cache = FairCache<String, Int>(maximumBytes: 100, maximumCount: 100)
        #expect(cache.put(1, for: "works", bytes: 60, owner: works) == [])
        #expect(cache.put(2, for: "a", bytes: 10, owner: city) == [])
        #expect(cache.put(3, for: "b", bytes: 101, owner: city) == [2, 3])
        #expect(cache.values == [1])
        #expect(cache.put(4, for: "c", bytes: 40, owner: city) == [])
    }

    @Test func `a value that replaces another one frees its bytes`() {
        var cache = FairCache<String, Int>(maximumBytes: 100, maximumCount: 100)
        for number in 0..<5 {
            #expect(cache.put(number, for: "a", bytes: 90, owner: city) == [])
        }
        #expect(cache["a"] == 4)
        cache.remove("a")
        #expect(cache.put(9, for: "b", bytes: 100, owner: works) == [])
    }
}
