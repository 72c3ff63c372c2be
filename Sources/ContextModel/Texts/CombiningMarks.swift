/// A limit for runs of combining marks in texts from outside.
///
/// To compare or hash a text, `String` sorts the marks after each character, in quadratic time.
/// Without long runs, it takes linear time. So every place where texts enter the hub refuses long
/// runs, and no other code has to handle them (docs/decisions/0050-combining-marks.md).
package enum CombiningMarks {
    /// The most marks in a row: the limit of Unicode's Stream-Safe Text Format (UAX #15, section
    /// 13), which no language comes near.
    package static let maximumRun = 30

    /// The message for a caller.
    package static let problem = "a text has more than \(maximumRun) combining marks in a row"

    /// Whether the text has a run that is too long.
    @inline(__always)
    package static func areTooMany(in text: String) -> Bool {
        // Every mark takes two bytes or more.
        text.utf8.count > 2 * maximumRun && haveLongRun(text)
    }

    /// The text without the marks of a run that come after the most that it may have.
    package static func cut(_ text: String) -> String {
        var run = 0
        let scalars = text.unicodeScalars.filter { scalar in
            run = scalar.isSorted ? run + 1 : 0
            return run <= maximumRun
        }
        return String(String.UnicodeScalarView(scalars))
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
    /// Whether `String` sorts it among its neighbours.
    fileprivate var isSorted: Bool {
        switch value {
        case ..<0x300: false
        // These have class 0 themselves, but decompose into marks of other classes.
        case 0xF73, 0xF75, 0xF81: true
        default: properties.canonicalCombiningClass != .notReordered
        }
    }
}
