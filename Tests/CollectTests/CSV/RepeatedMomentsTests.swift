import Testing

@testable import Collect

/// Moments that a file gives twice.
@Suite struct RepeatedMomentsTests {
    /// Moments a millisecond apart leave no place between them: each that comes again goes to the end.
    @Test(.timeLimit(.minutes(1)))
    func `moments without a gap are kept apart in time that grows with their number`() throws {
        var moments = RepeatedMoments()
        let room = ImportRoom()
        var placed: Set<Int64> = []
        for round in 0..<3 {
            for index: Int64 in 0..<30_000 {
                let reading = LocalClock.Reading(microseconds: index * 1_000)
                let moment = try moments.place(reading, in: "counter", room)
                #expect(placed.insert(moment).inserted)
                #expect(moment == index * 1_000 || round > 0)
            }
        }
        let last: Int64 = 89_999_000
        #expect(placed.max() == last)
    }
}
