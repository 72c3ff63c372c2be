import ContextModel
import Foundation

/// A date in a header of HTTP (RFC 9110, clause 5.6.7).
enum HTTPDate {
    /// The form that is sent, and the two older ones that whoever reads has to know.
    private static let patterns = [
        "EEE, dd MMM yyyy HH:mm:ss 'GMT'", "EEEE, dd-MMM-yy HH:mm:ss 'GMT'",
        "EEE MMM d HH:mm:ss yyyy",
    ]

    /// The moment that the text names; nil for another text.
    static func moment(_ text: String) -> Timestamp? {
        let reader = DateFormatter()
        reader.locale = Locale(identifier: "en_US_POSIX")
        reader.timeZone = TimeZone(secondsFromGMT: 0)
        reader.isLenient = false
        for pattern in patterns {
            reader.dateFormat = pattern
            guard let date = reader.date(from: text) else { continue }
            return Timestamp(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000))
        }
        return nil
    }
}
