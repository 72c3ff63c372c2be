import ContextModel
import Foundation

/// A moment in the local time of Phuket: UTC+7 all year.
struct IslandTime: Sendable, Hashable {
    /// 0..<24.
    let hour: Double
    /// Monday is 0, Sunday 6.
    let weekday: Int
    /// 0..<1, from the beginning of the year.
    let yearShare: Double
    /// Whole local days since 1970.
    let day: Int64

    init(_ time: Timestamp) {
        let local = time.microseconds + 7 * 3_600_000_000
        day = floorDivide(local, 86_400_000_000)
        hour = Double(local - day * 86_400_000_000) / 3_600_000_000
        // 1 January 1970 was a Thursday.
        weekday = Int((day + 3) - floorDivide(day + 3, 7) * 7)
        let years = Double(day) / 365.2425
        yearShare = years - years.rounded(.down)
    }

    var isWeekend: Bool { weekday >= 5 }

    /// The strength of the south-west monsoon, 0...1: the rains are heaviest in September.
    var monsoon: Double { bump(yearShare * 12, center: 8.0, width: 2.4, cycle: 12) }

    /// The number of visitors, 0.55...1 of the most: highest around the new year.
    var season: Double { 0.55 + 0.45 * bump(yearShare * 12, center: 0.4, width: 2.6, cycle: 12) }

    /// 0 at night, 1 at noon.
    var daylight: Double { max(0, sin((hour - 6.2) / 12.1 * .pi)) }
}

/// A bell around `center` on a circle of length `cycle`, 1 at its top.
func bump(_ value: Double, center: Double, width: Double, cycle: Double = 24) -> Double {
    let direct = abs(value - center)
    let distance = min(direct, cycle - direct)
    return exp(-distance * distance / (2 * width * width))
}

/// How busy a kind of place is over the day and the week, 0...1 on an ordinary day.
enum Rhythm: Sendable, CaseIterable {
    case commute, through, visitors, oldTown, nightlife, beach, travel

    func level(_ time: IslandTime) -> Double {
        let hour = time.hour
        let level =
            switch self {
            case .commute:
                0.06 + (time.isWeekend ? 0.35 : 0.85) * bump(hour, center: 7.7, width: 1.0)
                    + 0.45 * bump(hour, center: 12.6, width: 2.4)
                    + (time.isWeekend ? 0.6 : 0.88) * bump(hour, center: 17.4, width: 1.4)
            case .through:
                0.10 + 0.55 * bump(hour, center: 8.6, width: 1.8)
                    + 0.45 * bump(hour, center: 13, width: 2.6)
                    + 0.60 * bump(hour, center: 17.6, width: 2.0)
            case .visitors:
                0.05 + 0.45 * bump(hour, center: 11.5, width: 2.2)
                    + 0.75 * bump(hour, center: 19.0, width: 2.2)
            case .oldTown: oldTown(time)
            case .nightlife:
                0.03 + 0.25 * bump(hour, center: 17, width: 2.5)
                    + (time.weekday >= 4 ? 0.95 : 0.75) * bump(hour, center: 22.7, width: 1.9)
            case .beach:
                0.01 + (time.isWeekend ? 0.50 : 0.40) * bump(hour, center: 10.6, width: 1.5)
                    + (time.isWeekend ? 0.95 : 0.75) * bump(hour, center: 16.6, width: 1.6)
            case .travel:
                0.18 + 0.45 * bump(hour, center: 10, width: 2.6)
                    + 0.60 * bump(hour, center: 15.5, width: 3.2)
                    + 0.35 * bump(hour, center: 21.5, width: 2.0)
            }
        return min(1, level)
    }

    /// The walking street of Thalang Road fills the Old Town on Sunday evenings.
    private func oldTown(_ time: IslandTime) -> Double {
        let evening = bump(time.hour, center: 18.6, width: 1.7)
        return 0.03 + 0.42 * bump(time.hour, center: 11.2, width: 1.8)
            + (time.weekday == 6 ? 0.95 : 0.45) * evening
    }
}
