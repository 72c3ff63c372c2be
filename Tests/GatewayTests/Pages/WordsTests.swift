import ContextModel
import Testing

@testable import Gateway

struct WordsTests {
    private let english: Translation
    init() throws { english = try Translations().all[0] }

    private func ago(_ seconds: Int64) -> String {
        english.ago(
            Timestamp(microseconds: 1_000_000_000_000 - seconds * 1_000_000),
            now: Timestamp(microseconds: 1_000_000_000_000)
        )
    }

    @Test(
        arguments: [
            (-60, "just now"), (-61, "dated 1 minute ahead"), (-90_000, "dated 25 hours ahead"),
            (1, "just now"), (2, "2 seconds ago"), (60, "1 minute ago"),
            (7_199, "1 hour ago"), (172_799, "47 hours ago"), (172_800, "2 days ago"),
            (86_400 * 60, "1 month ago"), (86_400 * 729, "23 months ago"),
            (86_400 * 2_700, "7 years ago"),
        ] as [(Int64, String)]
    )
    func `an age is written in its largest fitting unit`(seconds: Int64, words: String) {
        #expect(ago(seconds) == words)
    }

    @Test(
        arguments: [
            (5, "5 seconds"), (3_600, "1 hour"), (5_400, "1 hour, 30 minutes"),
            (90, "1 minute"), (86_459, "1 day"),
            (180_000, "2 days, 2 hours"),
        ] as [(Int64, String)]
    )
    func `a duration is written in two units at most`(seconds: Int64, words: String) {
        #expect(english.duration(seconds: seconds) == words)
    }

    @Test(arguments: [
        (0, "0"), (12, "12"), (999, "999"), (1_000, "1\u{202F}000"),
        (1_220_823, "1\u{202F}220\u{202F}823"), (-12_345, "−12\u{202F}345"),
    ])
    func `thousands are separated`(number: Int, text: String) {
        #expect(Words.count(number) == text)
    }

    @Test(arguments: [
        (0.0, "0"), (3.14159, "3.14"), (42.06, "42.1"), (1_234.5, "1\u{202F}235"),
        (.infinity, "–"), (.nan, "–"), (-0.5, "-0.5"),
        (0.0012, "0.0012"), (-0.03456, "-0.035"),
    ])
    func `a figure has only significant digits`(value: Double, text: String) {
        #expect(Words.figure(value) == text)
    }

    @Test(arguments: [
        ("TrafficFlowObserved", "Traffic flow observed"), ("ParkingSpot", "Parking spot"),
        ("https://example.org/types#NoiseLevel", "Noise level"),
        ("https://example.org/Main%20Street", "Main Street"), ("100%", "100%"), ("", ""),
        ("/", "/"),
    ])
    func `the name of a type is written in words`(name: String, label: String) {
        #expect(Words.label(ofType: name) == label)
    }

    @Test func `a unit is shown by its sign and an unknown one by its code`() {
        #expect(Words.unit("CEL") == "°C")
        #expect(Words.unit("XYZ") == "XYZ")
    }
}
