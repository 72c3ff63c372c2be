import Chance
import ContextModel
import Foundation
import Testing

/// All short texts from the grammar of RFC 8259, and with errors in it: the cases of JSON test
/// suites and those between them.
@Suite struct JSONGrammarTests {
    // MARK: Every short text

    /// Pieces, and the number of them in the longest text.
    private static let alphabets: [(pieces: [String], length: Int)] = [
        (["[", "]", "{", "}", ",", ":", "\"a\"", "1", "null", " "], 4),
        (["0", "1", "-", "+", ".", "e", "E"], 5),
        (["{\"a\"", ":", ",", "}", "true", "{}", "\"b\"", "\n"], 5),
        (["[", "]", "tr", "ue", "fal", "se", "nul", "l", "T"], 4),
        (["\"", "\\", "u00", "4", "1", "n", "'", "\u{1}", "é"], 5),
    ]

    @Test(arguments: alphabets)
    func `every short text is read or refused as Foundation does`(
        pieces: [String],
        length: Int
    ) {
        var texts = [""]
        for _ in 0..<length {
            texts = texts.flatMap { text in pieces.map { text + $0 } }
            let differing = texts.filter { Self.isRead($0) != Self.isReadByFoundation($0) }
            #expect(differing.isEmpty)
        }
    }

    private static func isRead(_ text: String) -> Bool { (try? JSONReader.read(text)) != nil }

    /// Foundation accepts a comma after the last element, which JSON does not have.
    private static func isReadByFoundation(_ text: String) -> Bool {
        guard text.firstMatch(of: /,\s*[\]}]/) == nil else { return false }
        let options: JSONSerialization.ReadingOptions = [.fragmentsAllowed]
        return (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: options)) != nil
    }

    // MARK: Long texts

    /// White space for every place where it may be.
    private static let spaces = ["", " ", "\t", "\n", "\r", " \r\n\t "]

    /// The tokens of a text with everything that JSON has.
    private static let tokens = [
        "{", #""a\u0000\"""#, ":", "[", "-0", ",", "1.50E+2", ",", "0e-1", ",", "true", ",", "null",
        "]",
        ",", #""""#, ":", "{", "}", ",", #""\ud83d\ude00é😀\/""#, ":", "[", "]", ",", #""d""#, ":",
        "{", #""false""#, ":", "false", "}", "}",
    ]

    @Test(arguments: spaces)
    func `white space may be between any two tokens`(space: String) throws {
        let text = space + Self.tokens.joined(separator: space) + space
        #expect(try JSONReader.read(text) == JSONReader.read(Self.tokens.joined()))
    }

    @Test func `no token may be left out, repeated or replaced`() throws {
        for place in Self.tokens.indices {
            var others = ["", "\(Self.tokens[place]) \(Self.tokens[place])"]
            others += ["{", "}", "[", "]", ",", ":"].filter { $0 != Self.tokens[place] }
            for other in others {
                var tokens = Self.tokens
                tokens[place] = other
                let text = tokens.joined(separator: " ")
                #expect(Self.isRead(text) == Self.isReadByFoundation(text), "\(text)")
            }
        }
    }

    /// Bytes that JSON does not have outside a string.
    private static let foreign: [[UInt8]] =
        [
            "//", "/* */", "#", "'", "*", ";", "=", "\\", "\\u0020", "NaN", "Infinity", "undefined",
            "+",
            "0x1", "01", "1.", ".1", "1_0", "\u{0}", "\u{B}", "\u{C}", "\u{A0}", "\u{2028}",
            "\u{2060}",
            "\u{FEFF}", "\u{FF11}", "é", "😀", "<", "@", "`",
        ].map { Array($0.utf8) } + [
            [0x80], [0xE9], [0xFF, 0xFE], [0xC0, 0xA0], [0xED, 0xA0, 0x80],
        ]

    @Test(arguments: foreign)
    func `characters outside JSON are refused between any two tokens`(foreign: [UInt8]) {
        for place in 0...Self.tokens.count {
            var tokens = Self.tokens.map { Array($0.utf8) }
            tokens.insert(foreign, at: place)
            let text = Array(tokens.joined(separator: [0x20]))
            #expect(throws: JSONError.self) { try JSONReader.read(text) }
        }
    }

    @Test func `a text can end only at its end`() {
        let text = Array(Self.tokens.joined().utf8)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONReader.read(text[..<end]) }
        }
        for byte in UInt8.min...UInt8.max where ![0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            #expect(throws: JSONError.self) { try JSONReader.read(text + [byte]) }
        }
    }

    // MARK: Strings

    @Test func `every character is equal to itself and to its escape`() throws {
        for value in Self.scalars {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let string = String(scalar)
            let escaped = string.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            #expect(try JSONReader.read("\"\(escaped.joined())\"").stringValue == string)
            guard value >= 0x20, !"\"\\".unicodeScalars.contains(scalar) else { continue }
            let read = try JSONReader.read("\"\(string)\"").stringValue
            #expect(read.map { Array($0.unicodeScalars) } == [scalar])
        }
    }

    /// All of the first page, and both sides of every boundary: lengths of UTF-8, surrogates,
    /// noncharacters, the end.
    private static let scalars: [UInt32] =
        Array(0...0x2FF)
        + [
            0x800, 0xD800, 0xE000, 0xFDD0, 0xFDF0, 0xFFFE, 0x10000, 0x1FFFE, 0x20000, 0x10FFFE,
            0x110000,
        ].flatMap { $0 - 1...$0 + 1 }

    @Test func `an escape is one of JSON's, and a lone surrogate is refused`() {
        for byte in UInt8.min...UInt8.max where !Array(#""\/bfnrtu"#.utf8).contains(byte) {
            #expect(throws: JSONError.self) { try JSONReader.read([0x22, 0x5C, byte, 0x22]) }
        }
        for unit in stride(from: 0xD800, through: 0xDFFF, by: 0xFF) {
            let half = "\\u" + String(unit, radix: 16)
            let next = unit < 0xDC00 ? ["", "x", "\\n", "\\u0041", half] : [""]
            for text in next {
                #expect(throws: JSONError.self) { try JSONReader.read("\"\(half)\(text)\"") }
            }
        }
    }
}
