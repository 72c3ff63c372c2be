/// The names and addresses that lead to this machine and nowhere else.
package enum Loopback {
    /// Whether the host, with or without the brackets of an IPv6 address, is this machine.
    ///
    /// A name such as `127.example.org` is a stranger's.
    package static func isLoopback(host: some StringProtocol) -> Bool {
        switch host.lowercased() {
        case "localhost", "::1", "[::1]": return true
        default: break
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The port that a `Host` field names.
    static func port(authority: String) -> Int? {
        guard let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        return UInt16(authority[authority.index(after: colon)...]).map(Int.init)
    }

    /// Whether what a `Host` field holds, with or without a port, is this machine.
    static func isLoopback(authority: String) -> Bool {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return isLoopback(host: authority[...end])
        }
        return isLoopback(host: authority.prefix { $0 != ":" })
    }
}
