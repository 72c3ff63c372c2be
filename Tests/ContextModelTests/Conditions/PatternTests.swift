import ContextModel
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
        "a{", String(repeating: "a", count: 600),
    ])
    func `what cannot be matched quickly or at all is refused`(_ text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test(arguments: ["(a|aa)+$", "(a*)*b", "(a+)+$", "(.*)(.*)(.*)(.*)x", "(a|b)*a(a|b){12}c"])
    func `hostile patterns stay fast on long texts`(_ text: String) throws {
        let pattern = try Pattern(text)
        let input = String(repeating: "ab", count: 2_000) + String(repeating: "a", count: 8_000)
        let took = ContinuousClock().measure { _ = pattern.matches(input + "!") }
        #expect(took < .seconds(2))
    }

    @Test func `a text beyond the limit never matches`() throws {
        #expect(
            try !Pattern("a").matches(
                String(repeating: "a", count: Pattern.maximumInputBytes + 1)
            )
        )
    }
}
