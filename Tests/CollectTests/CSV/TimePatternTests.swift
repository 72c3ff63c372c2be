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
        ("1769817600123456", "epochMicroseconds", "2026-01-31T00:00:00.123456Z 0"),
        ("1769817600.25", "epochSeconds", "2026-01-31T00:00:00.250Z 0"),
        ("1769817600123,5", "epochMilliseconds", "2026-01-31T00:00:00.123500Z 0"),
        ("05/01/2026 24:00", "%d/%m/%Y %H:%M", "2026-01-06T00:00:00Z"),
        ("2026-12-31T24:00:00Z", "iso", "2027-01-01T00:00:00Z 0"),
        ("2026-01-05 07:00:00+01", "iso", "2026-01-05T07:00:00Z 3600"),
        ("2026-01-05 07:00:00 -0330", "iso", "2026-01-05T07:00:00Z -12600"),
        ("2026-01-05 07:00:00-03", "%Y-%m-%d %H:%M:%S%z", "2026-01-05T07:00:00Z -10800"),
    ])
    func `a text is read by its pattern`(text: String, pattern: String, moment: String) {
        #expect(read(text, pattern) == moment)
    }

    @Test(arguments: [
        ("-1", "epochSeconds", "1969-12-31T23:59:59Z 0"),
        ("-1", "epochMilliseconds", "1969-12-31T23:59:59.999Z 0"),
        ("-1", "epochMicroseconds", "1969-12-31T23:59:59.999999Z 0"),
        ("-0.25", "epochSeconds", "1969-12-31T23:59:59.750Z 0"),
        ("-86400", "epochSeconds", "1969-12-31T00:00:00Z 0"),
        ("-86401", "epochSeconds", "1969-12-30T23:59:59Z 0"),
        ("-62135596800", "epochSeconds", "0001-01-01T00:00:00Z 0"),
        ("-0", "epochSeconds", "1970-01-01T00:00:00Z 0"),
        ("1968-02-29T23:59:60", "iso", "1968-03-01T00:00:00Z"),
        ("29/2/1904 6:30 PM", "%d/%m/%Y %I:%M %p", "1904-02-29T18:30:00Z"),
        ("31.12.69 24:00", "%d.%m.%y %H:%M", "1970-01-01T00:00:00Z"),
    ])
    func `a moment before 1970 is read by its pattern`(
        text: String,
        pattern: String,
        moment: String
    ) {
        #expect(read(text, pattern) == moment)
    }

    @Test(arguments: [
        ("2026-02-30", "iso"), ("2026-01-31T24:01", "iso"), ("2026-01-31T08:05.5", "iso"),
        ("2026-01-31T08:05:00+07:", "iso"), ("31/1/2026 24:00:01", "%d/%m/%Y %H:%M:%S"),
        ("2026-01-31x", "iso"), ("", "iso"),
        ("31/13/2026", "%d/%m/%Y"), ("31/1/2026 ", "%d/%m/%Y"), (".5", "epochSeconds"),
        ("1.", "epochSeconds"), ("-", "epochSeconds"), ("1769817600123", "epochSeconds"),
        ("99999999999999999999", "epochSeconds"), ("9999999999999999", "epochSeconds"),
    ])
    func `a text that does not match is invalid`(text: String, pattern: String) {
        #expect(read(text, pattern) == nil)
    }

    @Test func `a pattern with unknown letters or without a day is invalid`() {
        #expect(TimePattern("%d %Q") == nil && TimePattern("%H:%M") == nil)
        #expect(TimePattern("%d%") == nil)
    }
}
