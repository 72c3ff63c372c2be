import Foundation
import Testing

@testable import balai

@Suite struct ClockWatchTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func `a clock that was set back is reported with the seconds`() {
        var hand = ClockHand(last: nil)
        #expect(hand.move(to: start, after: .zero) == nil)
        #expect(hand.move(to: start.addingTimeInterval(1), after: .seconds(1)) == nil)
        let back = hand.move(to: start.addingTimeInterval(-598), after: .seconds(1)) ?? 0
        #expect(abs(back - 600) < 0.001)
        #expect(hand.move(to: start.addingTimeInterval(-597), after: .seconds(1)) == nil)
    }

    @Test func `a small correction of the clock, or one forward, is not reported`() {
        var hand = ClockHand(last: start)
        #expect(hand.move(to: start.addingTimeInterval(-1), after: .zero) == nil)
        #expect(hand.move(to: start.addingTimeInterval(3_600), after: .seconds(1)) == nil)
    }

    @Test func `a hub that was written to in the future reports it at its start`() async throws {
        try await withTemporaryFolder { path in
            for isLate in [false, true] {
                let hub = try RunningCommand(["serve", "--data", path, "--port", "0"])
                _ = try hub.nextLine()
                hub.stop(SIGTERM)
                let errors = try hub.end().errors
                #expect(errors.contains("machine was set back") == isLate, "\(errors)")
                try FileManager.default.setAttributes(
                    [.modificationDate: Date().addingTimeInterval(3_600)],
                    ofItemAtPath: path + "/hub.sqlite"
                )
            }
        }
    }
}
