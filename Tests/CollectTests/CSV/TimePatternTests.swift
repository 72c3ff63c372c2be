import ContextModel
import Testing

@testable import Collect

@Suite struct TimePatternTests {
    private func read(_ text: String, _ pattern: String) -> String? {
        guard let moment = TimePattern(pattern)?.read(text.utf8) else { return nil }
        let offset = moment.offsetSeconds.map { " \($0)" } ?? ""
        return Timestamp(microseconds: moment.microseconds).text + offset
    }

    @Test(arguments: [
        ("31/1/2026 08:05", "%d/%m/%Y %H:%M", "2026-01-31T08:05:00Z"),
        ("1/2/26 12:30 AM", "%d/%m/%y %I:%M %p", "2026-02-01T00:30:00Z"),
        ("2026-01-31 6:00-6:59", "%Y-%m-%d %H:%M-%*", "2026-01-31T06:00:00Z"),
        ("20260131T080509.25+0700", "%Y%m%dT%H%M%S.%f%z", "2026-01-31T08:05:09.250Z 25200"),
        ("2026-01-31", "iso", "2026-01-31T00:00:00Z"),
        ("2026-01-31 08:05:09", "iso", "2026-01-31T08:05:09Z"),
        ("2026-01-31T08:05:09.5-03:30", "iso", "2026-01-31T08:05:09.500Z -12600"),
        ("1769817600", "epochSeconds", "2026-01-31T00:00:00Z 0"),
        ("1769817600123", "epochMilliseconds", "2026-01-31T00:00:00.123Z 0"),
    ])
    func `a text is read by its pattern`(text: String, pattern: String, moment: String) {
        #expect(read(text, pattern) == moment)
    }

    @Test(arguments: [
        ("2026-02-30", "iso"), ("2026-01-31T24:00", "iso"), ("2026-01-31x", "iso"), ("", "iso"),
        ("31/13/2026", "%d/%m/%Y"), ("31/1/2026 ", "%d/%m/%Y"), ("1.5", "epochSeconds"),
        ("99999999999999999999", "epochSeconds"), ("9999999999999999", "epochSeconds"),
    ])
    func `a text that does not fit is none`(text: String, pattern: String) {
        #expect(read(text, pattern) == nil)
    }

    @Test func `a pattern with unknown letters or without a day is none`() {
        #expect(TimePattern("%d %Q") == nil && TimePattern("%H:%M") == nil)
        #expect(TimePattern("%d%") == nil)
    }
}
