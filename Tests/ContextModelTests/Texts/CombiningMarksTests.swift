import ContextModel
import Testing

/// Texts that would take quadratic time are recognised.
@Suite struct CombiningMarksTests {
    @Test(arguments: [
        "\u{301}", "\u{327}", "\u{344}", "\u{F73}", "\u{F75}", "\u{F81}", "\u{1D165}",
    ])
    func `a run of marks has a limit`(mark: String) {
        let most = String(repeating: mark, count: CombiningMarks.maximumRun)
        let padding = String(repeating: "a", count: 100)
        #expect(!CombiningMarks.areTooMany(in: padding + most))
        #expect(!CombiningMarks.areTooMany(in: padding + most + "a" + most))
        #expect(CombiningMarks.areTooMany(in: padding + most + mark))
        #expect(CombiningMarks.areTooMany(in: most + mark))
    }

    @Test(arguments: [
        "", "plain", "สวัสดี ผู้ที่อยู่ใกล้ น้ำท่วม", "Tiếng Việt có dấu", "नमस्ते दुनिया", "שָׁלוֹם", "🏳️‍🌈👩‍👩‍👧",
    ])
    func `real texts of any length are accepted`(text: String) {
        #expect(!CombiningMarks.areTooMany(in: text))
        #expect(!CombiningMarks.areTooMany(in: String(repeating: text, count: 50)))
    }

    @Test func `no accepted run is slow, for any characters`() {
        // All scalars of which a text may have an endless run.
        var slowest = 0.0
        let clock = ContinuousClock()
        for value: UInt32 in [0x200D, 0x1F1E6, 0xFE0F, 0x1161, 0x11A8, 0x9BE, 0x93E, 0xE33, 0x3099]
        {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "n" + String(repeating: Character(scalar), count: 100_000)
            if CombiningMarks.areTooMany(in: text) { continue }
            let time = clock.measure { _ = (text == text + "x", text.hashValue, text < text + "y") }
            slowest = max(slowest, time / .seconds(1))
        }
        #expect(slowest < 2)
    }
}
