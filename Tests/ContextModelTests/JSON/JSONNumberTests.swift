import ContextModel
import Testing

@Suite struct JSONNumberTests {
    @Test(arguments: [
        ("1", "1.0"), ("1", "10e-1"), ("0", "-0"), ("0", "0.00e99"), ("100", "1E2"),
        ("1e400", "10e399"), ("1e-400", "0.1e-399"), ("-2.50", "-25e-1"),
        ("0", "0e99999999999999999999"), ("9007199254740993", "9007199254740993.0"),
    ])
    func `the same number is equal in every spelling, and hashes alike`(
        a: String,
        b: String
    ) throws {
        let (a, b) = (try #require(JSONNumber(a)), try #require(JSONNumber(b)))
        #expect(a == b)
        #expect(a.hashValue == b.hashValue)
    }

    @Test(arguments: [
        ("9007199254740993", "9007199254740992"), ("1e400", "1e401"), ("1e-400", "0"),
        ("1", "-1"), ("0.1", "0.10000000000000000001"), ("1e99999999999999999999", "1e400"),
        ("12", "120"), ("12", "1.2"),
    ])
    func `numbers whose doubles are equal can differ`(a: String, b: String) throws {
        #expect(try #require(JSONNumber(a)) != #require(JSONNumber(b)))
    }

    @Test(arguments: ["", "-", "01", "1.", ".1", "1e", "+1", "NaN", " 1", "1 ", "1x", "0x1"])
    func `an invalid number is refused`(literal: String) {
        #expect(JSONNumber(literal) == nil)
    }

    @Test func `doubles and integers become literals that read back as themselves`() {
        for double in [0.1, 1, -2.5, 1e300, 2.5e-308, 1e15, 123_456_789, 0.000_012_3] {
            #expect(JSONNumber(double).doubleValue == double)
            #expect(JSONNumber(JSONNumber(double).literal) != nil)
        }
        #expect(JSONNumber(3.0).literal == "3")
        #expect(JSONNumber(Int.min).intValue == Int.min)
    }
}
