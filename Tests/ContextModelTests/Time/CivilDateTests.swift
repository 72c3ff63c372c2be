import Clauses
import ContextModel
import Testing

@Suite(.clause("DATE", "TIME")) struct CivilDateTests {
    @Test func `days follow each other through eight hundred years`() throws {
        var expected = try #require(CivilDate(year: 1600, month: 1, day: 1))
        for days in expected.daysSince1970..<(expected.daysSince1970 + 800 * 366) {
            let date = CivilDate(daysSince1970: days)
            #expect(date == expected)
            #expect(date.daysSince1970 == days)
            expected = try #require(
                CivilDate(year: date.year, month: date.month, day: date.day + 1)
                    ?? CivilDate(year: date.year, month: date.month + 1, day: 1)
                    ?? CivilDate(year: date.year + 1, month: 1, day: 1)
            )
        }
    }

    @Test(arguments: [("2020-02-29", 18_321), ("1970-01-01", 0), ("0000-03-01", -719_468)])
    func `a date is read`(text: String, days: Int) {
        #expect(CivilDate(text)?.daysSince1970 == days)
    }

    @Test(arguments: ["", "2020-02-30", "2020-2-3", "2020-02-03T", "20200203", "2020-02-03Z"])
    func `an invalid date is refused`(text: String) {
        #expect(CivilDate(text) == nil)
    }

    @Test(arguments: [
        ("00:00:00", 0), ("12:00:00Z", 43_200_000_000), ("00:00:00,25", 250_000),
        ("01:00:00+07:00", 64_800_000_000), ("23:00:00-02:00", 3_600_000_000),
    ])
    func `a time of day is read`(text: String, microseconds: Int64) {
        #expect(TimeOfDay(text)?.microseconds == microseconds)
    }

    @Test(arguments: ["", "24:00:00", "12:00", "12:60:00", "1:00:00", "12:00:00X", "12:00:00.Z"])
    func `what is not a time of day is refused`(text: String) {
        #expect(TimeOfDay(text) == nil)
    }
}
