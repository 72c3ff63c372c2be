import Foundation

/// The names and addresses that always mean this machine.
package enum Loopback {
    /// Whether the host, with or without the brackets of an IPv6 address, is this machine.
    ///
    /// A name such as `127.example.org` is not.
    package static func isLoopback(host: some StringProtocol) -> Bool {
        switch host.lowercased() {
        case "localhost", "::1", "[::1]": return true
        default: break
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether nobody on the way can change what is at the URL: it is https, or on this machine.
    package static func isSafe(url: String) -> Bool {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else {
            return false
        }
        return parts.scheme == "https" || parts.scheme == "http" && isLoopback(host: host)
    }

    /// The port in a `Host` field.
    static func port(authority: String) -> Int? {
        guard let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        return UInt16(authority[authority.index(after: colon)...]).map(Int.init)
    }

    /// Whether the value of a `Host` field, with or without a port, is this machine.
    static func isLoopback(authority: String) -> Bool {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return isLoopback(host: authority[...end])
        }
        return isLoopback(host: authority.prefix { $0 != ":" })
    }
}
