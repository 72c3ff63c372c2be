/// Bounds the runs of combining marks in texts from outside.
///
/// `String` sorts the marks behind a character whenever it compares or hashes the text, in time
/// that grows with the square of their number. In a text without long runs it takes time in
/// proportion to the length. So every place where texts come in refuses long runs, and nothing
/// behind it needs to care (docs/decisions/0050-combining-marks.md).
package enum CombiningMarks {
    /// Marks in a row: the bound of Unicode's Stream-Safe Text Format (UAX #15, section 13), which
    /// no language comes near.
    package static let maximumRun = 30

    /// What a caller is told.
    package static let problem = "a text has more than \(maximumRun) combining marks in a row"

    /// Whether the text has a run that is too long.
    @inline(__always)
    package static func areTooMany(in text: String) -> Bool {
        // Every mark takes two bytes or more.
        text.utf8.count > 2 * maximumRun && haveLongRun(text)
    }

    @inline(never)
    private static func haveLongRun(_ text: String) -> Bool {
        let isASCII = text.utf8.withContiguousStorageIfAvailable {
            ByteWord.isASCII(UnsafeRawBufferPointer($0))
        }
        if isASCII == true { return false }
        var run = 0
        for scalar in text.unicodeScalars {
            run = scalar.isSorted ? run + 1 : 0
            if run > maximumRun { return true }
        }
        return false
    }
}

extension Unicode.Scalar {
    /// Whether it is one that `String` puts in order with its neighbours.
    fileprivate var isSorted: Bool {
        switch value {
        case ..<0x300: false
        // Of class 0 themselves, but made of marks of other classes.
        case 0xF73, 0xF75, 0xF81: true
        default: properties.canonicalCombiningClass != .notReordered
        }
    }
}
