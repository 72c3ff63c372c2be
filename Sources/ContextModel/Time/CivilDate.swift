/// A day of the proleptic Gregorian calendar of ISO 8601.
package struct CivilDate: Sendable, Hashable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to the length of the month.
    package let day: Int

    /// Returns nil if the calendar has no such day.
    package init?(year: Int, month: Int, day: Int) {
        guard 1...12 ~= month, day >= 1, day <= Self.days(inMonth: month, of: year) else {
            return nil
        }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day this many days after 1970-01-01, or before it if negative.
    ///
    /// Years are counted from March, so that the leap day is the last day of a year; 400 years
    /// always have 146,097 days.
    package init(daysSince1970: Int) {
        let days = daysSince1970 + 719_468  // since 0000-03-01
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The days since 1970-01-01; negative before it.
    package var daysSince1970: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The same day this many months later; the last of the month when that month is shorter.
    package func adding(months: Int) -> CivilDate {
        let sum = year * 12 + month - 1 + months
        let newYear = sum >= 0 ? sum / 12 : (sum - 11) / 12
        let newMonth = sum - newYear * 12 + 1
        let newDay = min(day, Self.days(inMonth: newMonth, of: newYear))
        return CivilDate(uncheckedYear: newYear, month: newMonth, day: newDay)
    }

    private init(uncheckedYear year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The number of days of the month.
    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }
}

// MARK: - Text

extension CivilDate {
    /// Reads a `Date` of clause 4.6.3, `YYYY-MM-DD`.
    package init?(_ text: String) {
        let date = ISOCursor.read(text) { $0.date() }
        guard let date else { return nil }
        self = date
    }
}

/// A time of day in UTC.
package struct TimeOfDay: Sendable, Hashable {
    /// Less than a day, except in the leap second at its end.
    package let microseconds: Int64

    /// Reads a `Time` of clause 4.6.3, `hh:mm:ss` with an optional fraction and zone.
    ///
    /// A zone shifts the time within its day.
    package init?(_ text: String) {
        let read = ISOCursor.read(text) { cursor -> Int64? in
            guard let time = cursor.time() else { return nil }
            if cursor.isAtEnd { return time }
            guard let offset = cursor.offset() else { return nil }
            return Self.withinDay(time - offset)
        }
        guard let read else { return nil }
        microseconds = read
    }

    private static func withinDay(_ time: Int64) -> Int64 {
        let day = Timestamp.microsecondsPerDay
        return (time % day + day) % day
    }
}
