/// The languages that a reader prefers (clause 4.15): language ranges with quality values, in the
/// grammar of Accept-Language (RFC 9110 clause 12.5.4, RFC 4647).
package struct LanguageFilter: Sendable, Hashable {
    /// The ranges in lower case, best first; `*` stands for every language that no other range
    /// names.
    let wanted: [String]
    /// The ranges of quality 0: used only when nothing else is left.
    let unwanted: [String]

    package init(_ wanted: [String], unwanted: [String] = []) {
        self.wanted = wanted
        self.unwanted = unwanted
    }

    /// The most ranges of a list.
    package static let maximumRanges = 32

    /// Reads `fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5`; nil if it is not a list of ranges, or has too
    /// many.
    package init?(_ text: String) {
        var ranges: [(range: String, quality: Int)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard ranges.count < Self.maximumRanges, let range = Self.range(part) else {
                return nil
            }
            ranges.append(range)
        }
        let order = ranges.indices.sorted {
            (ranges[$1].quality, $0) < (ranges[$0].quality, $1)
        }
        wanted = order.filter { ranges[$0].quality > 0 }.map { ranges[$0].range }
        unwanted = order.filter { ranges[$0].quality == 0 }.map { ranges[$0].range }
    }

    /// One range with its quality in thousandths.
    private static func range(_ text: Substring) -> (range: String, quality: Int)? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(\.trimmed)
        let range = parts[0].lowercased()
        guard range == "*" || LanguageTag.isValid(range), parts.count <= 2 else { return nil }
        if parts.count == 1 { return (range, 1_000) }
        return quality(parts[1]).map { (range, $0) }
    }

    /// The quality of `q=` and a number from 0 to 1 with at most three decimals.
    private static func quality(_ weight: String) -> Int? {
        let digits = weight.utf8.dropFirst(2)
        guard weight.lowercased().hasPrefix("q="), let first = digits.first,
            first == UInt8(ascii: "0") || first == UInt8(ascii: "1")
        else { return nil }
        let decimals = digits.dropFirst(2)
        guard digits.count == 1 || digits.dropFirst().first == UInt8(ascii: "."),
            decimals.count <= 3
        else { return nil }
        var quality = first == UInt8(ascii: "1") ? 1_000 : 0
        var unit = 100
        for digit in decimals {
            guard digit &- 0x30 < 10 else { return nil }
            quality += Int(digit - 0x30) * unit
            unit /= 10
        }
        return quality <= 1_000 ? quality : nil
    }
}

// MARK: - Choosing

extension LanguageFilter {
    /// The tag that the reader prefers most; nil when there are none.
    ///
    /// If it prefers none of them, the result is `@none`, or else the first tag: a text is always
    /// shown in some language (clause 4.15).
    package func choice(among tags: [String]) -> String? {
        let acceptable = tags.map { (tag: $0, lower: $0.lowercased()) }
            .filter { !isUnwanted($0.lower) }
        for range in wanted {
            let match =
                range == "*"
                ? Self.standard(of: acceptable.filter { named(by: $0.lower) == nil }.map(\.tag))
                : Self.match(range, among: acceptable)
            if let match { return match }
        }
        return Self.standard(of: acceptable.map(\.tag)) ?? Self.standard(of: tags)
    }

    private static func standard(of tags: [String]) -> String? {
        tags.contains("@none") ? "@none" : tags.first
    }

    /// Finds the tag itself, or else a narrower one, or else a wider one (RFC 4647 clauses 3.3 and
    /// 3.4).
    private static func match(
        _ range: String,
        among tags: [(tag: String, lower: String)]
    ) -> String? {
        let found =
            tags.first { $0.lower == range }
            ?? tags.first { $0.lower.hasPrefix(range + "-") }
            ?? tags.first { range.hasPrefix($0.lower + "-") }
        return found?.tag
    }

    /// Whether the narrowest range that names the tag has quality 0.
    private func isUnwanted(_ tag: String) -> Bool {
        guard !unwanted.isEmpty, tag != "@none" else { return false }
        return unwanted.contains(named(by: tag) ?? "*")
    }

    /// The narrowest range that names the tag, except `*`.
    private func named(by tag: String) -> String? {
        (wanted + unwanted).filter { tag == $0 || tag.hasPrefix($0 + "-") }
            .max { $0.utf8.count < $1.utf8.count }
    }
}

/// Language tags of RFC 5646.
package enum LanguageTag {
    /// Whether the text has the syntax of a tag: a word of letters, then words of letters and
    /// digits, of at most eight characters each, joined by hyphens.
    ///
    /// It does not check whether the tag is registered.
    package static func isValid(_ text: some StringProtocol) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let areWords = words.allSatisfy { word in
            (1...8).contains(word.count) && word.allSatisfy { isLetter($0) || $0 &- 0x30 < 10 }
        }
        return areWords && words[0].allSatisfy(isLetter)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension StringProtocol {
    /// The text without blanks and tabs at either end, which header fields allow around their
    /// parts.
    package var trimmed: String {
        var rest = Substring(self)
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return String(rest)
    }
}
