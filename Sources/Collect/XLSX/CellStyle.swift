import ContextModel

/// What a cell shows of its number: the number itself, or a date or time.
struct CellStyle: Equatable {
    let hasDate: Bool
    let hasTime: Bool

    /// A style of the standard's own list (ECMA-376 part 1, 18.8.30).
    init(builtIn id: Int) {
        hasDate =
            (14...17).contains(id) || id == 22 || (27...36).contains(id) || (50...58).contains(id)
        hasTime = (18...22).contains(id) || id == 45 || id == 47
    }

    /// A style by its format, such as `yyyy-mm-dd hh:mm`.
    init(format: String) {
        let letters = Self.letters(of: format)
        // m stands for months and for minutes; with neither days nor hours beside it, for months.
        hasTime = letters.contains("h") || letters.contains("s")
        hasDate =
            letters.contains("y") || letters.contains("d") || letters.contains("m") && !hasTime
    }

    /// The letters that stand for parts of a date: not those in quotes, in brackets or after a backslash.
    ///
    /// A span of time, `[h]:mm`, is a number of days and no time of day.
    private static func letters(of format: String) -> Set<Character> {
        var letters: Set<Character> = []
        var rest = format.lowercased()[...]
        while let character = rest.popFirst() {
            switch character {
            case "\"": rest = rest.drop { $0 != "\"" }.dropFirst()
            case "\\", "_", "*": rest = rest.dropFirst()
            case "[":
                let inner = rest.prefix { $0 != "]" }
                if !inner.isEmpty, inner.allSatisfy({ "hms".contains($0) }) { return [] }
                rest = rest.drop { $0 != "]" }.dropFirst()
            case ";": return letters
            default: letters.insert(character)
            }
        }
        // "General" is the format of plain numbers.
        return format.lowercased() == "general" ? [] : letters
    }
}

/// Days as spreadsheets number them.
enum SheetDate {
    /// 1899-12-30: 1900 counts as a leap year there, so days from March 1900 on are one too many.
    static let days1900 = -25_569
    /// 1904-01-01, the first day of workbooks of old Macintoshes.
    static let days1904 = -24_107

    private static let millisecondsPerDay = 86_400_000.0

    /// The text of a date, a time of day, or both; nil for a number that is none.
    static func text(_ serial: Double, _ style: CellStyle, firstDay: Int) -> String? {
        guard style.hasDate || style.hasTime, serial >= 0, serial < 2_958_466 else { return nil }
        var days = serial
        if firstDay == days1900, serial >= 1, serial < 60 { days += 1 }
        let milliseconds = (days * millisecondsPerDay).rounded()
        let moment = Int64(milliseconds) + Int64(firstDay) * Int64(millisecondsPerDay)
        let text = Timestamp(microseconds: moment * 1_000).text
        guard let middle = text.firstIndex(of: "T") else { return nil }
        let time = text[text.index(after: middle)...].prefix { $0 != "Z" }
        if serial < 1, !style.hasDate { return String(time) }
        let isMidnight = milliseconds.truncatingRemainder(dividingBy: millisecondsPerDay) == 0
        return style.hasTime || !isMidnight
            ? "\(text[..<middle])T\(time)" : String(text[..<middle])
    }
}
