import ContextModel
import Foundation
import Testing

struct `Patterns` {
    @Test func `a pattern is found anywhere unless it is anchored`() throws {
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
        "(", "a)|(b", "*a", "a|+", "(?a)", "^*", "a\\", "\\bword", "[[:none:]]", "[z-a]", "[a", "[",
        "(a)\\1", "a{2,1}", "((a{99}){99}){99}", "a{99999}", "a\u{0}",
        "a{", String(repeating: "a", count: 600), "a" + String(repeating: "+", count: 30),
        String(repeating: "(", count: 30) + "a" + String(repeating: "+)", count: 30),
        String(repeating: "(", count: 101) + "a" + String(repeating: ")", count: 101),
    ])
    func `a pattern that is slow or impossible is refused`(_ text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test(arguments: [
        ("a\u{0}", "The pattern has the character U+0000 in it."),
        ("[\u{0}]", "The pattern has the character U+0000 in it."),
        ("(a)\\1", "Back-references such as \\1 are not supported."),
        ("a**", "The pattern repeats a repetition, as in a**."),
        ("a*?", "The pattern repeats a repetition, as in a**."),
        ("a{1025}", "The repetitions of the pattern, {m,n} or +, are too large."),
        ("(a{40}){40}", "The repetitions of the pattern, {m,n} or +, are too large."),
        (
            "((((((((((a+)+)+)+)+)+)+)+)+)+)+",
            "The repetitions of the pattern, {m,n} or +, are too large."
        ),
        ("a{2,1}", "The counts of a repetition are reversed."),
        ("(a", "A parenthesis is not closed."),
        ("a)", "A parenthesis is closed that was not opened."),
    ])
    func `the error of a pattern is explained`(text: String, reason: String) {
        #expect { try Pattern(text) } throws: { "\($0)" == reason }
    }

    @Test func `a literal mark may be repeated`() throws {
        #expect(try Pattern("^\\**$").matches("***"))
        #expect(try Pattern("^[*]*$").matches("***"))
        #expect(try Pattern("^a*{2}$").matches("aaa"))
    }

    @Test(arguments: ["(a|aa)+$", "(a*)*b", "(a+)+$", "(.*)(.*)(.*)(.*)x", "(a|b)*a(a|b){20}c"])
    func `malicious patterns stay fast on long texts`(_ text: String) throws {
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

    /// The processor time of this thread: other tests at the same time do not count.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Patterns that the C library accepts mean the same here, except where POSIX leaves it open.
    ///
    /// No input has a newline: within a pattern glibc sometimes takes it for an end of the text.
    @Test func `patterns mean the same as in the C library`() throws {
        let pieces = [
            "a", "b", "c", ".", "^", "$", "|", "(", ")", "*", "+", "?", "{2}", "{0,2}", "{1,}",
            "{,2}", "[ab]", "[^a]", "[a-b]", "[]a]", "[[:alpha:]]", "[[:digit:][:space:]]", "\\.",
            "\\w", "-", "1", " ", "[a-]", "()", "[^[:upper:]-]", "[[.a.]-c]", "(a|b)", "\n",
        ]
        var dice = Seeded(state: 11)
        var (compared, found) = (0, 0)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...7, using: &dice)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &dice)]
            }.joined()
            var regex = regex_t()
            guard let pattern = try? Pattern(text),
                regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) == 0
            else { continue }
            defer { regfree(&regex) }
            for _ in 0..<5 {
                let input = String(
                    decoding: (0..<Int.random(in: 0...6, using: &dice)).map { _ in
                        Array("abcA1 .-".utf8)[Int.random(in: 0..<8, using: &dice)]
                    },
                    as: UTF8.self
                )
                let isFound = regexec(&regex, input, 0, nil, 0) == 0
                #expect(pattern.matches(input) == isFound, "\(text) in \(input.debugDescription)")
                compared += 1
                found += isFound ? 1 : 0
            }
        }
        #expect(compared > 10_000 && found > 2_000 && compared - found > 2_000)
    }

    /// With the cache, and repeatedly without.
    @Test func `a long text gives the same answer after the cache was emptied`() throws {
        let text = "(a|b)*a(a|b){12}c"
        var regex = regex_t()
        try #require(regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) == 0)
        defer { regfree(&regex) }
        let pattern = try Pattern(text)
        var dice = Seeded(state: 7)
        for _ in 0..<20 {
            let bytes = (0..<500).map { _ in
                Int.random(in: 0..<40, using: &dice) == 0
                    ? UInt8(ascii: "c") : UInt8.random(in: 0x61...0x62, using: &dice)
            }
            let input = String(decoding: bytes, as: UTF8.self)
            #expect(pattern.matches(input) == (regexec(&regex, input, 0, nil, 0) == 0), "\(input)")
        }
    }

    @Test func `the largest automaton takes time in proportion to the text`() throws {
        let hostile = ["(a?){500}b", "(a|b)*a(a|b){20}c", "((a|b)*a.{40}){6}c", "(a*){300}z"]
        var dice = Seeded(state: 5)
        for text in hostile {
            let pattern = try Pattern(text)
            func time(_ length: Int) -> Double {
                let bytes = (0..<length).map { _ in UInt8.random(in: 0x61...0x62, using: &dice) }
                let start = Self.processorSeconds
                _ = pattern.matches(String(decoding: bytes, as: UTF8.self))
                return Self.processorSeconds - start
            }
            _ = time(1_024)
            let quarter = time(1_024)
            #expect(time(4_096) < quarter * 20 + 0.5, "\(text)")
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "(){100}{100}{100}{100}{100}{100}{100}{100}{100}",
            "(a{0}){100}{100}{100}{100}{100}{100}", "(){9}{9}{9}{9}{9}{9}{9}{9}{9}{9}{9}{9}",
            "(((){99}){99}){99}", "[A-[:]" + String(repeating: "(", count: 200) + ":]]",
            "[A-[:](a{999}){999}:]]",
        ]
    ) func `a pattern is refused before its automaton is too large`(text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test func `a search ends with its budget`() throws {
        let pattern = try Pattern("(a|b)*a(a|b){200}c")
        var dice = Seeded(state: 9)
        let text = String(
            decoding: (0..<4_096).map { _ in UInt8.random(in: 0x61...0x62, using: &dice) },
            as: UTF8.self
        )
        let budget = DecisionBudget(steps: 100_000)
        #expect(!pattern.matches(text, within: budget))
        #expect(budget.isSpent)
        let enough = DecisionBudget(steps: 10_000_000)
        _ = pattern.matches(text, within: enough)
        #expect(!enough.isSpent)
        let little = DecisionBudget(steps: 3_000)
        #expect(try Pattern("^urn:.*:Bus:[0-9]+$").matches("urn:ngsi-ld:Bus:17", within: little))
        #expect(!little.isSpent)
    }

    @Test func `patterns share a budget`() throws {
        func count(_ patterns: [Pattern]) throws {
            try Condition.any(patterns.map { .idPattern($0) }).checkPatterns()
        }
        let one = try Pattern("a")
        try count(Array(repeating: one, count: Pattern.maximumTogether))
        #expect(throws: PatternError.self) {
            try count(Array(repeating: one, count: Pattern.maximumTogether + 1))
        }
        let long = try Pattern(String(repeating: "a", count: Pattern.maximumBytes - 1))
        try count([long, one])
        #expect(throws: PatternError.self) { try count([long, long, one]) }
        let term = Condition.value(
            ValueTest(path: AttributePath(names: []), comparison: .matchesNot(long))
        )
        let linked = LinkedTest(path: AttributePath(names: []), target: .not(term))
        #expect(throws: PatternError.self) {
            try Condition.all([.linked(linked), term, .idPattern(one)]).checkPatterns()
        }
    }

    @Test func `a text beyond the limit never matches`() throws {
        #expect(
            try !Pattern("a").matches(
                String(repeating: "a", count: Pattern.maximumInputBytes + 1)
            )
        )
    }
}
