import Glibc
import Synchronization

/// The text of the `Date` field of answers (RFC 9110, section 5.6.7), which is written once in a
/// second.
final class HTTPClock: Sendable {
    private let last = Mutex((second: time_t(-1), text: ""))

    /// The present time.
    var text: String {
        let now = time(nil)
        return last.withLock { last in
            if last.second != now { last = (now, Self.text(at: now)) }
            return last.text
        }
    }

    /// The time this many seconds after the beginning of 1970.
    static func text(at second: time_t) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = "\(days[Int(parts.tm_wday)]), \(digits(parts.tm_mday))"
        let month = "\(months[Int(parts.tm_mon)]) \(1_900 + parts.tm_year)"
        let hour = "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))"
        return "\(day) \(month) \(hour) GMT"
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
