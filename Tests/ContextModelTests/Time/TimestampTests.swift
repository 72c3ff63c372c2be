import Chance
import Clauses
import ContextModel
import Testing

@Suite(.clause("DATETIME")) struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999Z", -1),
        ("2020-01-01T00:00:00Z", 1_577_836_800_000_000),
        ("2000-02-29T12:34:56.789Z", 951_827_696_789_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ])
    func `a moment is read and written`(text: String, microseconds: Int64) {
        #expect(Timestamp(text) == Timestamp(microseconds: microseconds))
        #expect(Timestamp(microseconds: microseconds).text == text)
    }

    @Test(arguments: [
        ("2020-01-01T00:00:00,5Z", "2020-01-01T00:00:00.500Z"),
        ("2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00.1234Z", "2020-01-01T00:00:00.123400Z"),
        ("2020-01-01T00:00:00.123456789Z", "2020-01-01T00:00:00.123456Z"),
        ("2020-01-01T06:59:59+07:00", "2019-12-31T23:59:59Z"),
        ("2020-01-01T20:30:00-03:30", "2020-01-02T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T06:59:60+07:00", "2017-01-01T00:00:00Z"),
    ])
    func `other spellings of a moment become the shortest`(text: String, shortest: String) {
        #expect(Timestamp(text)?.text == shortest)
    }

    @Test(arguments: [
        ("2020-01-01T00:00:00Z", true), ("2020-01-01T00:00:00.123456Z", true),
        ("2020-01-01T00:00:00,5Z", true), ("2020-01-01T00:00:00.1234567Z", false),
        ("2020-01-01T00:00:00.123456789Z", false), ("2020-01-01T00:00:00+00:00", false),
        ("2020-01-01T00:00:00+02:00", false), ("2020-01-01Z", false), ("Z", false),
    ])
    func `written moments have UTC and at most six decimals`(text: String, isDateTime: Bool) {
        #expect((Timestamp(dateTime: text) != nil) == isDateTime)
        if isDateTime { #expect(Timestamp(dateTime: text) == Timestamp(text)) }
    }

    @Test(arguments: [
        "", "2020", "2020-01-01", "2020-01-01T00:00Z", "2020-01-01T00:00:00", "20200101T000000Z",
        "2020-01-01 00:00:00Z", "2020-01-01t00:00:00z", "2020-00-01T00:00:00Z",
        "2020-13-01T00:00:00Z", "2020-01-00T00:00:00Z", "2020-01-32T00:00:00Z",
        "2020-02-31T00:00:00Z", "2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2020-04-31T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T23:60:00Z",
        "2020-01-01T23:58:60Z", "2020-01-01T23:59:61Z", "2020-01-01T00:00:00.Z",
        "9999-12-31T23:59:60Z", "9999-12-31T23:00:00-01:00", "0000-01-01T00:00:00+00:01",
        "2020-01-01T00:00:00.1234567890Z", "2020-01-01T00:00:00+7:00", "2020-01-01T00:00:00+0700",
        "2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00+07:60", "2020-01-01T00:00:00ZZ",
        " 2020-01-01T00:00:00Z", "+2020-01-01T00:00:00Z", "2020-1-1T00:00:00Z",
        "２020-01-01T00:00:00Z",
    ])
    func `an invalid moment is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `every moment that can be written is read back`() {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<5_000 {
            let range = Int64(-62_167_219_200_000_000)...253_402_300_799_999_999
            let moment = Timestamp(microseconds: Int64.random(in: range, using: &generator))
            #expect(Timestamp(moment.text) == moment)
            var bytes: [UInt8] = []
            moment.append(to: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == moment.text)
        }
    }

    @Test func `moments beyond four digits of year are still written`() {
        #expect(Timestamp(microseconds: .max).text == "294247-01-10T04:00:54.775807Z")
        #expect(Timestamp(microseconds: .min).text.hasPrefix("-290308-12-21T19:59:05"))
    }

    @Test func `months beyond the range lead to the last or first moment`() throws {
        let start = try #require(Timestamp("2020-01-01T00:00:00Z"))
        #expect(start.adding(months: 12_999_987) == Timestamp(microseconds: .max))
        #expect(start.adding(months: -12_999_987) == Timestamp(microseconds: .min))
    }

    @Test(arguments: [
        ("2020-01-31T10:00:00Z", 1, "2020-02-29T10:00:00Z"),
        ("2020-03-31T10:00:00.500Z", -1, "2020-02-29T10:00:00.500Z"),
        ("2019-12-15T00:00:00Z", 14, "2021-02-15T00:00:00Z"),
        ("1969-11-30T23:00:00Z", -9, "1969-02-28T23:00:00Z"),
    ])
    func `months are added within the calendar`(text: String, months: Int, later: String) {
        #expect(Timestamp(text)?.adding(months: months).text == later)
    }
}
