internal import Foundation
internal import NIOHTTP1

/// How long a server says that an answer stays fresh in a cache that many share (RFC 9111).
enum Freshness {
    /// In seconds; 0 for what is to be asked for each time, nil when the server does not say.
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
            // A number that cannot be read is stale, one too great to be held is as good as any.
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
