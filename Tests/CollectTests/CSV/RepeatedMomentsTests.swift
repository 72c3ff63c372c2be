import Testing

@testable import Collect

/// Moments that a file has several times.
@Suite struct RepeatedMomentsTests {
    /// Moments a millisecond apart leave no place between them: each repeated one goes to the end.
    @Test(.timeLimit(.minutes(1)))
    func `consecutive moments are separated in time in proportion to their number`() throws {
        var moments = RepeatedMoments()
        let memory = ImportMemory()
        var placed: Set<Int64> = []
        for round in 0..<3 {
            for index: Int64 in 0..<30_000 {
                let reading = LocalClock.Reading(microseconds: index * 1_000)
                let moment = try moments.place(reading, in: "counter", memory)
                #expect(placed.insert(moment).inserted)
                #expect(moment == index * 1_000 || round > 0)
            }
        }
        let last: Int64 = 89_999_000
        #expect(placed.max() == last)
    }

    /// A city's largest file has 1.22 million readings of a hundred series: ten times as much as this.
    @Test func `a moment takes the same memory for any length of its series' name`() throws {
        let memory = ImportMemory(maximumBytes: (64 << 20) / 10)
        var moments = RepeatedMoments()
        let series = (0..<100).map {
            "urn:ngsi-ld:CrowdFlowObserved:auckland:counter:\($0)/https://uri.etsi.org/peopleCount"
        }
        for hour: Int64 in 0..<1_220 {
            for name in series {
                let reading = LocalClock.Reading(microseconds: hour * 3_600_000_000)
                _ = try moments.place(reading, in: name, memory)
            }
        }
        // One reading of each hour is repeated.
        for hour: Int64 in 0..<1_220 {
            let reading = LocalClock.Reading(microseconds: hour * 3_600_000_000)
            _ = try moments.place(reading, in: series[0], memory)
        }
        #expect(memory.bytes < memory.maximumBytes / 2)
    }

    @Test func `moments have a limit, and so have series`() throws {
        var moments = RepeatedMoments()
        let reading = LocalClock.Reading(microseconds: 0)
        #expect(throws: RowRefusal.self) {
            let memory = ImportMemory(maximumBytes: 10_000)
            for _ in 0..<1_000 { _ = try moments.place(reading, in: "a", memory) }
        }
        #expect(throws: RowRefusal.self) {
            let memory = ImportMemory(maximumBytes: 10_000)
            for name in 0..<1_000 { _ = try moments.place(reading, in: "\(name)", memory) }
        }
    }
}
