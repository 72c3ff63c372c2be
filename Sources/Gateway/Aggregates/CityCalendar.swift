import Broker
import ContextModel
import Foundation

/// The days, weeks, months and years of a city: they begin when its clocks show midnight.
struct CityCalendar {
    /// The periods that a question may ask for.
    enum Period: String, CaseIterable {
        case hour, day, week, month, year
        /// The whole range of time.
        case whole
    }

    /// The most periods of an answer.
    static let maximumPeriods = 100_000

    /// The name of the time zone.
    let name: String
    private let zone: TimeZone

    init(zone name: String) throws(BrokerError) {
        guard let zone = TimeZone(identifier: name) else {
            throw BrokerError(
                .badRequestData,
                "'\(name)' is not a time zone such as Asia/Bangkok."
            )
        }
        self.zone = zone
        self.name = name
    }

    /// The moment at which the day begins.
    ///
    /// Where clocks go forward at midnight, it is the first moment of the day.
    func start(of date: CivilDate) -> Timestamp {
        let local = Timestamp(date).microseconds
        // Offsets before and after a change differ by hours at most, and one of them is right.
        let early = local - offset(at: local - Self.halfDay)
        let late = local - offset(at: local + Self.halfDay)
        let first = min(early, late)
        return Timestamp(
            microseconds: self.date(at: first) < date.daysSince1970 ? max(early, late) : first
        )
    }

    /// Reads a day, at whose beginning the moment is, or a moment with a zone.
    func moment(_ text: String, _ name: String) throws(BrokerError) -> Timestamp {
        if let date = CivilDate(text) { return start(of: date) }
        guard let time = Timestamp(text.replacingBlanks) else {
            throw BrokerError(
                .badRequestData,
                "\(name) is a day such as 2026-01-31, or a moment such as 2026-01-31T08:00:00Z, not '\(text)'."
            )
        }
        return time
    }

    /// The edges of the periods between two moments, which are the first and the last edge.
    func edges(
        from start: Timestamp,
        to end: Timestamp,
        _ period: Period
    ) throws(BrokerError) -> [Timestamp] {
        guard start < end else {
            throw BrokerError(.badRequestData, "from is not before to.")
        }
        var edges = [start]
        if period == .hour {
            var next = nextHour(after: start.microseconds)
            while next < end.microseconds {
                edges.append(Timestamp(microseconds: next))
                next = nextHour(after: next)
                try require(edges.count)
            }
        } else if period != .whole {
            var next = self.next(CivilDate(daysSince1970: date(at: start.microseconds)), period)
            while self.start(of: next) < end {
                edges.append(self.start(of: next))
                next = self.next(next, period)
                try require(edges.count)
            }
        }
        return edges + [end]
    }

    /// The moment after this one at which local clocks begin to show another hour, or the same hour anew.
    ///
    /// Some zones are half an hour apart from others, and Lord Howe Island's clocks change by half an hour, so each
    /// hour is found from the offset at the one before.
    private func nextHour(after microseconds: Int64) -> Int64 {
        let local = microseconds + offset(at: microseconds)
        let passed = (local % Self.hour + Self.hour) % Self.hour
        let next = microseconds + Self.hour - passed
        let later = next + offset(at: next)
        let passedLater = (later % Self.hour + Self.hour) % Self.hour
        // Where clocks went back by a part of an hour, the same hour goes on.
        return passedLater != 0 && later - passedLater == local - passed
            ? next + Self.hour - passedLater : next
    }

    private func require(_ count: Int) throws(BrokerError) {
        guard count <= Self.maximumPeriods else {
            throw BrokerError(
                .tooManyResults,
                "There would be more than \(Self.maximumPeriods) periods; ask for longer ones."
            )
        }
    }

    /// The first day of the period after the one that the day lies in.
    private func next(_ date: CivilDate, _ period: Period) -> CivilDate {
        let days = date.daysSince1970
        switch period {
        case .week:
            // 1970-01-01 was a Thursday, and weeks begin on Monday (ISO 8601).
            let weekday = ((days + 3) % 7 + 7) % 7
            return CivilDate(daysSince1970: days + 7 - weekday)
        case .month:
            return CivilDate(daysSince1970: days - date.day + 1).adding(months: 1)
        case .year:
            let month = CivilDate(daysSince1970: days - date.day + 1)
            return month.adding(months: 13 - date.month)
        case .hour, .day, .whole: return CivilDate(daysSince1970: days + 1)
        }
    }

    /// The local day, counted from 1970-01-01.
    private func date(at microseconds: Int64) -> Int {
        let local = microseconds + offset(at: microseconds)
        return Int(local >= 0 ? local / Self.day : (local - Self.day + 1) / Self.day)
    }

    /// The local time of the moment, as it is written with its offset.
    func text(_ moment: Timestamp) -> String {
        let offset = offset(at: moment.microseconds)
        let local = Timestamp(microseconds: moment.microseconds + offset).text.dropLast()
        let minutes = abs(offset) / 60_000_000
        let sign = offset < 0 ? "-" : "+"
        func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
        return "\(local)\(sign)\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// The offset from UTC in microseconds.
    private func offset(at microseconds: Int64) -> Int64 {
        let date = Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
        return Int64(zone.secondsFromGMT(for: date)) * 1_000_000
    }

    private static let hour: Int64 = 3_600_000_000
    private static let day: Int64 = 86_400_000_000
    private static let halfDay: Int64 = 43_200_000_000
}
