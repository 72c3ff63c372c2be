import ContextModel
import Foundation
import Testing

struct `Patterns` {
    @Test func `a pattern is found anywhere unless tied to the ends`() throws {
        #expect(try Pattern("b+c").matches("aabbc\n"))
        #expect(try Pattern("c$|^x").matches("abc"))
        #expect(try Pattern("x").matches("a\nb\nx"))
        #expect(try !Pattern("^b").matches("ab"))
        #expect(try Pattern("").matches(""))
        #expect(try !Pattern("a").matches(""))
        #expect(try Pattern("[[:digit:])]{2}").matches("a)1"))
        #expect(try !Pattern("a").matches("a\u{0}"))
    }

    @Test(arguments: [
        "(", "a)|(b", "[", "(a)\\1", "a{2,1}", "((a{99}){99}){99}", "a{99999}", "a\u{0}",
        "a{", String(repeating: "a", count: 600), "a" + String(repeating: "+", count: 30),
        String(repeating: "(", count: 30) + "a" + String(repeating: "+)", count: 30),
    ])
    func `what cannot be matched quickly or at all is refused`(_ text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test(arguments: ["(a|aa)+$", "(a*)*b", "(a+)+$", "(.*)(.*)(.*)(.*)x", "(a|b)*a(a|b){20}c"])
    func `hostile patterns stay fast on long texts`(_ text: String) throws {
        let pattern = try Pattern(text)
        var dice = Seeded(state: 3)
        let start = Self.processorSeconds
        for _ in 0..<10 {
            let bytes = (0..<Pattern.maximumInputBytes).map { _ in
                UInt8.random(in: 0x61...0x62, using: &dice)
            }
            _ = pattern.matches(String(decoding: bytes, as: UTF8.self))
        }
        #expect(Self.processorSeconds - start < 10)
    }

    /// What this thread has worked: other tests at the same time do not count.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func `a text beyond the limit never matches`() throws {
        #expect(
            try !Pattern("a").matches(
                String(repeating: "a", count: Pattern.maximumInputBytes + 1)
            )
        )
    }
}
