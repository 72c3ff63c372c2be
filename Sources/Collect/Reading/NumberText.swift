import ContextModel

/// Reads numbers as tables spell them.
enum NumberText {
    /// The number with its digits kept; spellings JSON lacks (`+4`, `.5`, `007`) are put into its
    /// form.
    ///
    /// `nil` for what is no finite decimal number.
    static func read(_ text: String, decimalComma: Bool = false) -> JSONNumber? {
        var text = text
        if decimalComma {
            guard !text.utf8.contains(UInt8(ascii: ".")) else { return nil }
            text = String(text.map { $0 == "," ? "." : $0 })
        }
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
}
