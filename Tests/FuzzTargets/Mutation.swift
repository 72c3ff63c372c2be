package import Chance

/// Makes bad inputs out of good ones, with a few changes at a time.
package struct Mutation {
    private let seeds: [[UInt8]]
    /// More than any of our depth limits: nesting must not use up the stack.
    private static let manyTimes = 3_000
    private static let tokens = [
        "\"", "\\", "{", "}", "[", "]", "(", ")", "<", ">", ",", ";", "|", ":", ".", "..", "/",
        "!", "==", "!=", "~=", ">=", "+", "#", "*", "%", "=", "\n", "\0", "é", "e\u{301}", "😀",
        "\\ud800", "0", "-0", "1e400", "99999999999999999999", "-", "null", "true", "NaN", "P", "T",
        "Z", "urn:ngsi-ld:null", "@context", "@id", "@type", "id", "type", "value", "observedAt",
        "2026-01-31T08:00:00Z", "(a|", "a{", "[[", "{\"a\":",
    ].map { Array($0.utf8) }

    package init(of seeds: [[UInt8]]) { self.seeds = seeds }

    package func next(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = seeds.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&bytes, &generator) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let range = somewhere(in: bytes, &generator)
        switch Int.random(in: 0...99, using: &generator) {
        case 0..<35:
            let token = Self.tokens.randomElement(using: &generator) ?? []
            bytes.insert(contentsOf: token, at: range.lowerBound)
        case 35..<55:
            bytes.replaceSubrange(range, with: Self.tokens.randomElement(using: &generator) ?? [])
        case 55..<70: bytes.removeSubrange(range)
        case 70..<80: bytes.insert(contentsOf: bytes[range], at: range.upperBound)
        case 80..<90 where !range.isEmpty:
            bytes[range.lowerBound] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 90..<98:
            let other = seeds.randomElement(using: &generator) ?? []
            bytes.replaceSubrange(range, with: other[somewhere(in: other, &generator)])
        default:
            let token = Self.tokens.randomElement(using: &generator) ?? []
            let many = repeatElement(token, count: Self.manyTimes).joined()
            bytes.insert(contentsOf: many, at: range.lowerBound)
        }
    }

    private func somewhere(
        in bytes: [UInt8],
        _ generator: inout SeededGenerator
    ) -> Range<Int> {
        let start = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, start + Int.random(in: 0...12, using: &generator))
        return start..<end
    }
}
