import ContextModel
import Testing

@Suite struct ISODurationTests {
    @Test(arguments: [
        ("PT0S", 0, 0), ("P1Y", 12, 0), ("P1M", 1, 0), ("PT1M", 0, 60_000_000),
        ("P1D", 0, 86_400_000_000), ("PT1H", 0, 3_600_000_000), ("PT0.5S", 0, 500_000),
        ("P1Y2M3DT4H5M6.789S", 14, 273_906_789_000), ("PT0.000001S", 0, 1),
    ])
    func `a duration is read and written`(text: String, months: Int, microseconds: Int64) {
        let duration = ISODuration(months: months, microseconds: microseconds)
        #expect(ISODuration(text) == duration)
        #expect(duration.text == text)
    }

    @Test(arguments: [
        ("P2W", "P14D"), ("P14M", "P1Y2M"), ("PT36H", "P1DT12H"), ("PT90M", "PT1H30M"),
        ("PT1,5S", "PT1.5S"), ("P0D", "PT0S"), ("P999999Y", "P999999Y"), ("P142857W", "P999999D"),
        ("P0Y1D", "P1D"),
    ])
    func `other spellings of a duration become one`(text: String, written: String) {
        #expect(ISODuration(text)?.text == written)
    }

    @Test(arguments: [
        "", "P", "PT", "1D", "P1", "P1DT", "P1D1Y", "P1M1Y", "P1D1D", "PT1S1M", "PT1M1H", "P1H",
        "PT1D", "P1.5D", "PT1.5H", "PT1.S", "P1W1D", "P1D1W", "P1WT1H", "P1Y1W", "-P1D", "P-1D",
        "P1000000Y", "P999999Y12M", "P142858W", "P999999DT24H", "PT1Sx", "p1d", "P 1D", "PD",
    ])
    func `an invalid duration is refused`(text: String) {
        #expect(ISODuration(text) == nil)
    }
}
