import ContextModel

/// The notation of the numbers in a table.
struct NumberStyle: Sendable, Hashable {
    var hasDecimalComma = false
    /// The separator of groups of digits: `.`, `,`, a blank or `'`; nil for none.
    var thousands: Character?

    /// The names of the separators in a map.
    static let thousandsNames: [(String, Character?)] = [
        (".", "."), (",", ","), (" ", " "), ("space", " "), ("'", "'"), ("", nil),
    ]

    private var decimal: Character { hasDecimalComma ? "," : "." }

    /// Whether the separators of groups and of the fraction differ.
    var areDistinct: Bool { thousands != decimal }

    /// The number in the notation of JSON and C; nil if its digits are grouped otherwise.
    func plain(_ text: String) -> String? {
        guard hasDecimalComma || thousands != nil else { return text }
        let parts = text.split(separator: decimal, omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = ungrouped(parts[0]) else { return nil }
        if parts.count == 1 { return whole }
        // There cannot be another fraction before a fraction.
        guard !parts[1].contains(where: { $0 == "." || $0 == "," }) else { return nil }
        return whole + "." + parts[1]
    }

    /// The digits without separators: a first group of one to three digits, then groups of two (as
    /// in India) or three, and three at the end.
    private func ungrouped(_ text: Substring) -> String? {
        let groups = text.split(omittingEmptySubsequences: false) { isThousands($0) }
        guard groups.count > 1 else {
            return text.contains { $0 == "." || $0 == "," } ? nil : String(text)
        }
        let first = groups[0].drop { $0 == "-" || $0 == "+" }
        let isGrouped =
            (1...3).contains(first.count) && groups.last?.count == 3
            && groups.dropFirst().allSatisfy { (2...3).contains($0.count) }
            && ([first] + groups.dropFirst()).allSatisfy { $0.utf8.allSatisfy(Self.isDigit) }
        return isGrouped ? groups.joined() : nil
    }

    private func isThousands(_ character: Character) -> Bool {
        switch thousands {
        case " "?: character == " " || character == "\u{A0}" || character == "\u{202F}"
        case "'"?: character == "'" || character == "\u{2019}"
        default: character == thousands
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Other notations in which the text is a number, in the words of a map.
    static func reading(_ text: String, otherThan style: NumberStyle) -> [String] {
        var found: [String] = []
        for comma in [false, true] {
            for thousands in [nil, ".", ",", " ", "'"] as [Character?] {
                let other = NumberStyle(hasDecimalComma: comma, thousands: thousands)
                guard other != style, other.areDistinct, NumberText.read(text, other) != nil else {
                    continue
                }
                // Of notations that differ in something that the text does not have, the first is
                // enough.
                let keys = other.keys(for: text)
                if !found.contains(keys) { found.append(keys) }
            }
        }
        return found
    }

    private func keys(for text: String) -> String {
        var keys: [String] = []
        if hasDecimalComma, text.contains(",") { keys.append("`decimal: \",\"`") }
        if let thousands, text.contains(where: isThousands) {
            keys.append("`thousands: \"\(thousands)\"`")
        }
        return keys.joined(separator: " and ")
    }
}

/// Reads numbers in the notations of tables.
enum NumberText {
    /// Reads the number with all its digits; spellings that JSON does not have (`+4`, `.5`, `007`)
    /// are changed.
    ///
    /// Returns nil for a text that is not a finite decimal number.
    static func read(_ text: String, _ style: NumberStyle = NumberStyle()) -> JSONNumber? {
        guard let text = style.plain(text) else { return nil }
        if let number = JSONNumber(text) { return number.doubleValue.isFinite ? number : nil }
        let trimmed = text.drop { $0 == " " }.prefix { $0 != " " }
        let isDecimal = trimmed.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E
                || $0 | 0x20 == 0x65
        }
        let hasMore = !text.drop { $0 == " " }.dropFirst(trimmed.count).allSatisfy { $0 == " " }
        guard isDecimal, !hasMore, let double = Double(trimmed), double.isFinite else { return nil }
        return JSONNumber(String(trimmed)) ?? JSONNumber(double)
    }

    /// The refusal of the text, with the notation that a map could name to make it a number.
    static func refusal(of text: String, _ style: NumberStyle) -> RowRefusal {
        let styles = NumberStyle.reading(text, otherThan: style).filter { !$0.isEmpty }
        let advice =
            styles.isEmpty ? "" : " With \(styles.joined(separator: " or ")) in the map it is one."
        return RowRefusal(reason: "`\(text)` is not a number.\(advice)")
    }
}
