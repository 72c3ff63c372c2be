import Foundation

/// Converts local times to moments in UTC, by the rules of a time zone.
struct LocalClock {
    /// The moment, and a second one when clocks showed the same time twice.
    struct Reading: Equatable {
        var microseconds: Int64
        /// The second moment with this time, if clocks showed it again after they were set back.
        var repetition: Int64?
    }

    private static let secondsPerDay = 86_400

    private let zone: TimeZone
    /// The offsets of local days on which the offset does not change.
    private var steadyOffsets: [Int: Int] = [:]

    /// A clock in UTC.
    static let utc = LocalClock(.gmt)

    init(_ zone: TimeZone) { self.zone = zone }

    /// The moment of a local time.
    ///
    /// A time that clocks skip when they go forward counts as if they had not yet: 02:30 becomes
    /// the moment of 03:30 after the change.
    mutating func reading(of moment: LocalMoment) -> Reading {
        if let offset = moment.offsetSeconds {
            return Reading(microseconds: moment.microseconds - Int64(offset) * 1_000_000)
        }
        if let offset = steadyOffsets[moment.day] {
            return Reading(microseconds: moment.microseconds - Int64(offset) * 1_000_000)
        }
        return unsteadyReading(of: moment)
    }

    /// Looks up the offsets around the day; in a zone, only days with a change are slow.
    private mutating func unsteadyReading(of moment: LocalMoment) -> Reading {
        let start = moment.day * Self.secondsPerDay
        let before = offset(atUTC: start - Self.secondsPerDay)
        let after = offset(atUTC: start + 2 * Self.secondsPerDay)
        if before == after {
            steadyOffsets[moment.day] = before
            return Reading(microseconds: moment.microseconds - Int64(before) * 1_000_000)
        }
        let seconds = start + Int(moment.microsecondsOfDay / 1_000_000)
        let early = moment.microseconds - Int64(before) * 1_000_000
        let late = moment.microseconds - Int64(after) * 1_000_000
        let isEarly = offset(atUTC: seconds - before) == before
        let isLate = offset(atUTC: seconds - after) == after
        switch (isEarly, isLate) {
        case (true, true): return Reading(microseconds: early, repetition: late)
        case (false, true): return Reading(microseconds: late)
        case (true, false), (false, false): return Reading(microseconds: early)
        }
    }

    private func offset(atUTC seconds: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }
}
