import Chance
import Clauses
import ContextModel
import Testing

@Suite(.clause("4.6.1", "JSONNATIVE")) struct JSONReaderTests {
    // MARK: Accepted

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "\"\"", "[]", "{}", " [ ] ", "\t\r\n{ }\n",
        "[null,true]", "[1 , 2]", "{\"\":0}", "{\"a\":{\"a\":1}}", "[[],[[]],{}]", "[\"\\u0000\"]",
        "\"\u{7F}\"", "\"\u{2028}\u{FFFF}\u{10FFFF}\"", "{\"a\\u0000b\":1}", "\"// no comment\"",
    ])
    func `a text within the grammar is read`(text: String) throws {
        _ = try JSONReader.read(text)
    }

    @Test(arguments: [
        "0", "-0", "-1", "10", "1.0", "0.10", "-0.0", "1e1", "1E1", "1e+1", "1E-01", "0e0",
        "1.5e300", "1e400", "-1e-400", "123456789012345678901234567890", "9007199254740993",
    ])
    func `a number keeps its spelling`(literal: String) throws {
        #expect(try JSONReader.read(literal).numberValue?.literal == literal)
        #expect(try JSONReader.read("[\(literal) ]").text == "[\(literal)]")
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u00E9\u0E01""#, "Aééก"),
        (#""\ud83d\ude00\uD834\udd1e""#, "😀𝄞"),
        (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        (#""\u0000\u001f""#, "\u{0}\u{1F}"),
        (#""plain \u0062efore and after""#, "plain before and after"),
        (#""ขอบคุณ\n""#, "ขอบคุณ\n"),
        (#""\\u0041""#, "\\u0041"),
    ])
    func `a string has its characters`(text: String, string: String) throws {
        let read = try #require(try JSONReader.read(text).stringValue)
        #expect(Array(read.unicodeScalars) == Array(string.unicodeScalars))
    }

    @Test func `an escape is found at every place of a word`() throws {
        for length in 0...40 {
            let text = String(repeating: "x", count: length)
            #expect(try JSONReader.read("\"\(text)\"").stringValue == text)
            #expect(try JSONReader.read("\"\(text)\\n\(text)\"").stringValue == "\(text)\n\(text)")
            #expect(throws: JSONError.self) { try JSONReader.read("\"\(text)\u{1}\(text)\"") }
        }
    }

    @Test func `members stay in order`() throws {
        let object = try JSONReader.read(#"{"b":1,"a":2,"c":3}"#).objectValue
        #expect(object?.members.map(\.key) == ["b", "a", "c"])
    }

    // MARK: Rejected

    @Test(
        arguments: [
            (
                .unexpectedEnd,
                [
                    "", " ", "[", "{", "[1", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
                    "\"",
                    "\"abc", "\"\\", "\"\\\"", "[[[",
                ]
            ),
            (
                .unexpectedCharacter,
                [
                    "]", "}", ",", ":", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]", "{,}",
                    "{\"a\":1,}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\",1}", "{a:1}", "{'a':1}",
                    "{1:1}",
                    "{null:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "{\"a\":}", "{[]:1}",
                    "[}",
                    "{]", "'a'", "nul", "nulL", "True", "tru", "[fals]", "NaN", "Infinity", "+1",
                    ".5",
                    "[+1]", "[.5]", "//", "[1/**/]", "\\u0031", "\u{A0}1", "\u{C}1", "\u{B}1",
                    "\u{0}",
                    "[\u{0}]", "\u{FEFF2}", "[1\u{2060}]", "<x>", "*", "@", "[a", "\u{FF11}",
                ]
            ),
            (
                .invalidNumber,
                [
                    "-", "[-]", "-a", "01", "-01", "00", "1.", "[1.]", "1.e1", "1e", "1e+", "1E-",
                    "-.5",
                    "0.", "0.e1", "1.a", "-Infinity", "1.2.", "1eE2", "--1", "0e", "012",
                ].filter { $0 != "1.2." }
            ),
            (
                .trailingContent,
                [
                    "1 2", "[] []", "{}}", "[]]", "\"a\"b", "1a", "truefalse", "null,", "{}//",
                    "1.2.3",
                    "0x1", "1_000", "1e2e3", "1+2", "[]\u{0}", "2@", "{}#", "1,",
                ]
            ),
            (
                .invalidEscape,
                [
                    #""\a""#, #""\x41""#, #""\'""#, #""\u""#, #""\u12""#, #""\u123g""#,
                    #""\U0041""#,
                    #""\0""#, "\"\\\n\"", #""\ud800\u12""#, #""\é""#, "\"\\u+041\"", #""\u 041""#,
                ]
            ),
            (
                .loneSurrogate,
                [
                    #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#,
                    #""\ud800\ud800""#, #""\udc00\ud800""#, #"{"\udfff":1}"#,
                ]
            ),
            (
                .controlCharacter,
                [
                    "\"\n\"", "\"\t\"", "\"a\u{0}b\"", "\"\u{1F}\"", "[\"\r\"]", "{\"\u{8}\":1}",
                ]
            ),
            (.byteOrderMark, ["\u{FEFF}", "\u{FEFF}1", "\u{FEFF}{}"]),
        ] as [(JSONError.Code, [String])]
    )
    func `a text outside the grammar is refused`(code: JSONError.Code, texts: [String]) {
        for text in texts {
            #expect(self.code(Array(text.utf8)) == code, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFF],
        [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80], [0xE9],
    ])
    func `a string that is not UTF-8 is refused`(bytes: [UInt8]) throws {
        let quoted = [0x22, 0x61] + bytes + [0x22]
        #expect(code(quoted) == .invalidUTF8)
        #expect(code(Array("{".utf8) + quoted + Array(":1}".utf8)) == .invalidUTF8)
        #expect(code([0x22, 0x5C, 0x6E] + bytes + [0x22]) == .invalidUTF8)
        #expect(code([0x22] + bytes + [0x5C, 0x6E, 0x22]) == .invalidUTF8)
        #expect(throws: JSONError.self) { try JSONReader.read(bytes) }
    }

    @Test func `a string with too many combining marks in a row is refused`() throws {
        let most = String(repeating: "\u{327}\u{301}", count: CombiningMarks.maximumRun / 2)
        let escaped = String(repeating: "\\u0301", count: CombiningMarks.maximumRun)
        for text in [most, escaped, "a" + most + "b" + most] {
            #expect(throws: Never.self) { try JSONReader.read("{\"\(text)\":\"\(text)\"}") }
        }
        for text in [most + "\u{301}", escaped + "\\u0301", "\\t" + most + "\u{301}"] {
            #expect(code(Array("\"\(text)\"".utf8)) == .tooManyMarks)
            #expect(code(Array("{\"\(text)\":1}".utf8)) == .tooManyMarks)
        }
    }

    @Test func `UTF-16 is refused`() {
        #expect(code([0x5B, 0x00, 0x5D, 0x00]) == .unexpectedCharacter)
        #expect(code([0x00, 0x5B, 0x00, 0x5D]) == .unexpectedCharacter)
        #expect(code([0xFF, 0xFE, 0x5B, 0x00]) == .unexpectedCharacter)
    }

    // MARK: Repeated members

    @Test(arguments: [
        (#"{"a":1,"a":1}"#, #"{"a":1}"#), (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
        (#"{"a":1,"\u0061":{"a":2,"a":3}}"#, #"{"a":{"a":3}}"#), (#"[{"":1,"":2}]"#, #"[{"":2}]"#),
        ("{\"\u{E9}\":1,\"e\u{301}\":2}", "{\"\u{E9}\":2}"),
    ])
    func `of repeated members the last counts, or the text is refused`(
        text: String,
        counting: String
    ) throws {
        #expect(try JSONReader.read(text, repeated: .lastCounts).text == counting)
        #expect(code(Array(text.utf8)) == .duplicateMember)
    }

    @Test func `a repeated member is found in a large object too`() throws {
        let members = (0..<1_000).map { "\"m\($0)\":\($0)" }
        for twice in [0, 15, 16, 17, 500, 999] {
            let text = "{" + (members + ["\"m\(twice)\":-1"]).joined(separator: ",") + "}"
            #expect(code(Array(text.utf8)) == .duplicateMember)
            let read = try #require(
                try JSONReader.read(text, repeated: .lastCounts).objectValue
            )
            #expect(read.count == 1_000 && read.members[twice].value == -1)
        }
        let once = Array(("{" + members.joined(separator: ",") + "}").utf8)
        #expect(code(once) == nil)
    }

    @Test func `many repeated members take linear time`() throws {
        let names =
            (0..<20_000).map { "\"m\($0)\":0" } + repeatElement("\"m19999\":1", count: 100_000)
        let text = "{" + names.joined(separator: ",") + "}"
        let took = ContinuousClock().measure {
            let read = try? JSONReader.read(text, repeated: .lastCounts)
            #expect(read?.objectValue?.count == 20_000)
        }
        #expect(took < .seconds(20))
    }

    // MARK: Limits

    @Test func `depth is limited`() {
        let limits = JSONLimits(maximumDepth: 3)
        #expect(code(Array("[[[]]]".utf8), limits) == nil)
        #expect(code(Array("[{\"a\":[]}]".utf8), limits) == nil)
        #expect(code(Array("[[[[]]]]".utf8), limits) == .tooDeep)
        #expect(code(Array("[[],[],[[]],[]]".utf8), limits) == nil)
        #expect(code(Array(repeating: UInt8(ascii: "["), count: 1_000_000)) == .tooDeep)
        let objects = String(repeating: "{\"\":", count: 100_000)
        #expect(code(Array(objects.utf8)) == .tooDeep)
    }

    @Test func `length and members are limited`() {
        #expect(code(Array("[1]".utf8), JSONLimits(maximumBytes: 3)) == nil)
        #expect(code(Array("[1] ".utf8), JSONLimits(maximumBytes: 3)) == .tooLong)
        let text = Array(#"{"a":1,"b":2}"#.utf8)
        #expect(code(text, JSONLimits(maximumMembers: 2)) == nil)
        #expect(code(text, JSONLimits(maximumMembers: 1)) == .tooManyMembers)
    }

    // MARK: Robustness

    @Test func `damaged text is refused or read, and never stops the program`() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<20 {
            let bytes = RandomJSON.value(&generator, depth: 2).serialized
            for damaged in Damaged.truncations(bytes) + Damaged.flips(bytes.prefix(300).map { $0 })
            {
                guard let value = try? JSONReader.read(damaged) else { continue }
                #expect(try JSONReader.read(value.serialized) == value)
            }
        }
    }

    @Test func `bytes that are not contiguous are read too`() throws {
        let text = Array("[1,\"a\"]".utf8)
        #expect(try JSONReader.read(AnySequence(text)) == [1, "a"])
        #expect(try JSONReader.read(text[3..<6]) == "a")
    }

    private func code(
        _ bytes: [UInt8],
        _ limits: JSONLimits = .standard,
        repeated: JSONReader.RepeatedMembers = .refused
    ) -> JSONError.Code? {
        do throws(JSONError) {
            _ = try JSONReader.read(bytes, limits: limits, repeated: repeated)
            return nil
        } catch {
            return error.code
        }
    }
}
