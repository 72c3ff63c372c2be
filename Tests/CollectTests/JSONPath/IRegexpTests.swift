import Testing

@testable import Collect

/// I-Regexp by RFC 9485.
@Suite struct IRegexpTests {
    @Test(arguments: [
        ("a.c", "abc", true), ("a.c", "a\nc", false), ("a.c", "a\u{1F600}c", true),
        ("[^a-c]x", "dx", true), ("[^a-c]x", "bx", false), ("[-a]", "-", true), ("[a-]", "-", true),
        ("(ab|c){2}", "abc", true), ("(ab|c){2}", "c", false), ("a{2,}", "aaaa", true),
        ("a{1,2}", "aaa", false), ("x?y*z+", "zz", true), (#"\p{Lu}\p{L}*"#, "Łódź", true),
        (#"\P{N}+"#, "a1", false), (#"[\p{Nd}.]+"#, "10.5", true), (#"\."#, "x", false),
        ("", "", true),
        ("a||b", "", true),
        // The ends of a text.
        ("^ab.*", "abc", true), ("^ab.*", "^abc", false), (".*bc$", "abc", true),
        (".*bc$", "abc$", false), ("^$", "", true), ("a^b", "ab", false), ("(^a|b)+", "abb", true),
        ("(^a|b)+", "aba", false), ("[$][\\^]", "$^", true), ("^*a", "a", true),
    ])
    func matches(_ pattern: String, _ text: String, _ expected: Bool) throws {
        let steps = PathSteps(10_000)
        #expect(try #require(IRegexp(pattern)).matches(text, steps) == expected)
    }

    @Test(arguments: [
        "(", "a)", "[", "[]", "a{2", "a{3,2}", "*a", #"\d"#, #"\p{Xx}"#, "[b-a]", "a**",
    ])
    func refuses(_ pattern: String) {
        #expect(IRegexp(pattern) == nil)
    }

    @Test(arguments: [
        ("^b", "ab", false), ("^a", "ab", true), ("b$", "ab", true), ("a$", "ab", false),
        ("^$", "ab", false), ("$", "ab", true), ("x|$", "", true), ("b^", "ab", false),
    ])
    func finds(_ pattern: String, _ text: String, _ expected: Bool) throws {
        let steps = PathSteps(10_000)
        #expect(try #require(IRegexp(pattern)).isFound(in: text, steps) == expected)
    }

    @Test func takesTimeInProportion() throws {
        let pattern = try #require(IRegexp("(a*)*b"))
        let text = String(repeating: "a", count: 20_000)
        let start = ContinuousClock.now
        #expect(try !pattern.matches(text, PathSteps(1_000_000)))
        #expect(start.duration(to: .now) < .seconds(5))
    }

    @Test func endsWhereTextAndExpressionAreLong() throws {
        // Each character leaves all states open.
        let pattern = try #require(IRegexp("(a?){900}b"))
        let text = String(repeating: "a", count: 100_000)
        #expect(throws: JSONPathError.self) {
            try pattern.isFound(in: text, PathSteps(1_000_000))
        }
    }

    @Test(.timeLimit(.minutes(1))) func repeatsWhatIsEmptyOnce() throws {
        var nested = ""
        for _ in 0..<20 { nested = "(\(nested)){1000}" }
        #expect(try #require(IRegexp(nested)).matches("", PathSteps(1_000)))
        // Many empty groups beside one that takes characters.
        let wide = "(" + String(repeating: "()", count: 1_900) + "a){1000}"
        #expect(IRegexp(wide) == nil)
        #expect(IRegexp(String(repeating: "a", count: IRegexp.maximumBytes + 1)) == nil)
    }

    @Test func limitsRepetitionsOfRepetitions() {
        #expect(IRegexp("((a{100}){100}){100}") == nil)
    }
}
