package import ContextModel

/// A key that sorts a text by letters first, then accents, then case, like the root collation of
/// the Unicode Collation Algorithm.
///
/// Scripts follow one another in the order of their code points. Accents are told from their
/// letters only where a Latin letter and its accent are one character. Texts that mix scripts may
/// therefore sort differently from the algorithm's own table.
package struct CollationKey: Sendable, Equatable, Comparable {
    private var letters: [UInt32] = []
    private var accents: [UInt32] = []
    private var cases: [UInt32] = []
    private var whole: [UInt32] = []

    package init(_ text: String, _ collation: Collation = .root) {
        var number: UInt32?
        for scalar in text.unicodeScalars {
            if collation.isNumeric, let digit = scalar.digit {
                number = ((number ?? 0) &* 10) &+ digit
                continue
            }
            if let value = number { add(number: value) }
            number = nil
            add(scalar, collation.strength)
        }
        if let value = number { add(number: value) }
        if collation.strength == .everything { whole = text.unicodeScalars.map(\.value) }
    }

    /// Creates the key within a budget; once the budget is spent, the key means nothing.
    init(_ text: String, _ collation: Collation, _ budget: DecisionBudget?) {
        let isAllowed = budget?.allows(text.utf8.count * Self.stepsOfByte) ?? true
        self.init(isAllowed ? text : "", collation)
    }

    private static let stepsOfByte = 4

    /// The approximate number of bytes it takes in memory.
    var bytes: Int {
        (letters.count + accents.count + cases.count + whole.count) * MemoryLayout<UInt32>.size
    }

    private mutating func add(number: UInt32) {
        letters += [Class.number.weight, number]
        cases.append(0)
    }

    private mutating func add(_ scalar: Unicode.Scalar, _ strength: Collation.Strength) {
        if scalar.properties.canonicalCombiningClass != .notReordered {
            guard strength != .letters else { return }
            // An accent belongs to the letter before it, so its position counts too.
            accents += [UInt32(letters.count), scalar.value]
            return
        }
        let lower = scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
        let base = lower.latinBase ?? lower
        letters.append(Class(base).weight + base.value)
        if base != lower, strength != .letters { accents += [UInt32(letters.count), lower.value] }
        guard strength.rawValue > Collation.Strength.accents.rawValue else { return }
        cases.append(lower == scalar ? 0 : 1)
    }

    package static func < (a: CollationKey, b: CollationKey) -> Bool {
        if a.letters != b.letters { return a.letters.lexicographicallyPrecedes(b.letters) }
        if a.accents != b.accents { return a.accents.lexicographicallyPrecedes(b.accents) }
        if a.cases != b.cases { return a.cases.lexicographicallyPrecedes(b.cases) }
        return a.whole.lexicographicallyPrecedes(b.whole)
    }

    /// The classes of characters, in sort order.
    private enum Class: UInt32 {
        case space, mark, symbol, number, letter

        init(_ scalar: Unicode.Scalar) {
            switch scalar.properties.generalCategory {
            case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control: self = .space
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation:
                self = .mark
            case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: self = .symbol
            case .decimalNumber, .letterNumber, .otherNumber: self = .number
            default: self = .letter
            }
        }

        /// The weight of the class: code points are smaller, so all of a class sort before the
        /// next one.
        var weight: UInt32 { rawValue << 24 }
    }
}

extension Unicode.Scalar {
    /// The letter without its accents, taken from the name of the character, such as `LATIN SMALL
    /// LETTER A WITH ACUTE`.
    fileprivate var latinBase: Unicode.Scalar? {
        guard !isASCII, let words = properties.name?.split(separator: " "), words.count > 5,
            words[0] == "LATIN", words[1] == "SMALL", words[2] == "LETTER", words[4] == "WITH",
            let letter = words[3].lowercased().unicodeScalars.first, words[3].count == 1
        else { return nil }
        return letter
    }

    /// The value of an ASCII decimal digit.
    fileprivate var digit: UInt32? {
        (0x30...0x39).contains(value) ? value - 0x30 : nil
    }
}
