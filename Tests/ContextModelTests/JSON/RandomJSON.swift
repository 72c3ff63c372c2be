import Chance
import ContextModel

/// Creates JSON values of every kind, with unusual strings and numbers.
enum RandomJSON {
    private static let pieces = [
        "", "a", "type", "urn:ngsi-ld:Bus:7", "\"", "\\", "/", "\n\t\u{8}\u{C}\r", "\u{0}",
        "\u{1F}",
        "\u{7F}", "é", "กรุงเทพ", "😀", "\u{2028}", "\u{FFFF}", "eight by", "\u{10FFFF}",
    ]
    private static let numbers = [
        "0", "-0", "1", "-1", "1.10", "1e5", "1E+5", "2.5e-7", "9007199254740993", "1e400",
        "-123456789012345678901234567890", "0.1",
    ]

    static func string(_ generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...4, using: &generator))
            .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    }

    static func value(_ generator: inout SeededGenerator, depth: Int = 4) -> JSONValue {
        switch Int.random(in: 0...(depth == 0 ? 4 : 6), using: &generator) {
        case 0: .null
        case 1: .bool(Bool.random(using: &generator))
        case 2:
            .number(JSONNumber(numbers.randomElement(using: &generator) ?? "0") ?? JSONNumber(0))
        case 3, 4: .string(string(&generator))
        case 5: .array(values(&generator, depth: depth - 1))
        default: .object(object(&generator, depth: depth - 1))
        }
    }

    private static func values(_ generator: inout SeededGenerator, depth: Int) -> [JSONValue] {
        (0..<Int.random(in: 0...5, using: &generator)).map { _ in
            value(&generator, depth: depth)
        }
    }

    private static func object(_ generator: inout SeededGenerator, depth: Int) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            object[string(&generator)] = value(&generator, depth: min(depth, 1))
        }
        return object
    }
}

/// Ways to damage bytes.
enum Damaged {
    /// The first bytes alone, for each number of them up to a limit.
    static func truncations(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.map { Array(bytes[..<$0]) }
    }

    /// The bytes with one bit flipped, for each bit.
    static func flips(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.flatMap { index in
            (0..<8).map { bit in
                var flipped = bytes
                flipped[index] ^= 1 << bit
                return flipped
            }
        }
    }
}
