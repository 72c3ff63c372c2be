internal import Foundation
internal import NIOHTTP1

/// How long an answer is fresh in a shared cache, according to its server (RFC 9111).
enum Freshness {
    /// The time in seconds; 0 for an answer that must not be reused, nil when the server does not
    /// say.
    static func seconds(_ headers: HTTPHeaders) -> Int? {
        guard let lifetime = lifetime(headers) else { return nil }
        let age = headers.first(name: "Age").flatMap { Int($0) } ?? 0
        return max(0, lifetime - max(0, min(age, lifetime)))
    }

    private static func lifetime(_ headers: HTTPHeaders) -> Int? {
        let directives = headers[canonicalForm: "Cache-Control"].map { $0.lowercased() }
        if directives.contains(where: { ["no-store", "no-cache", "private"].contains($0) }) {
            return 0
        }
        for name in ["s-maxage=", "max-age="] {
            guard let directive = directives.first(where: { $0.hasPrefix(name) }) else { continue }
            let number = directive.dropFirst(name.count).filter { $0 != "\"" }
            // A number that cannot be read counts as 0; one that is too large counts as the
            // largest.
            return number.allSatisfy(\.isNumber) ? Int(number) ?? (number.isEmpty ? 0 : .max) : 0
        }
        guard let expires = headers.first(name: "Expires") else { return nil }
        guard let end = moment(expires), let now = headers.first(name: "Date").flatMap(moment)
        else { return 0 }
        return max(0, end - now)
    }

    /// The seconds of an HTTP date since 1970.
    private static func moment(_ text: String) -> Int? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: text).map { Int($0.timeIntervalSince1970) }
    }
}
