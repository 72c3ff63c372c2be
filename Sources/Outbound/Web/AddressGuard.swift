import Broker
import Glibc
import Governance

/// Prevents strangers from making the hub call addresses inside the city's own network.
///
/// Addresses that only this machine, link or site can reach are refused unless the operator allows
/// them.
final class AddressGuard: Sendable {
    /// The target of a request.
    struct Target: Sendable, Equatable {
        /// The URL, with the checked address in place of the name unless a certificate guarantees
        /// the host.
        var url: String
        /// The Host header, when the URL does not have the name any more.
        var host: String?
    }

    private let allowsPrivate: Bool
    private let resolver: NameResolver

    init(allowsPrivate: Bool, resolver: NameResolver = NameResolver()) {
        self.allowsPrivate = allowsPrivate
        self.resolver = resolver
    }

    /// The target of a URL; throws when the hub must not call it.
    ///
    /// A name may have another address a moment after the check. So a request over http goes to
    /// the checked address; over https the certificate guarantees the host.
    ///
    /// `sharer` is the one for whom it is called.
    func target(of text: String, for sharer: Sharer) async throws -> Target {
        guard let url = WebURL(text) else {
            throw AddressError("'\(text)' is not an http or https address.")
        }
        let address = try await checkedAddress(url.bareHost, for: sharer)
        guard url.scheme == "http", !allowsPrivate else { return Target(url: text, host: nil) }
        let bracketed = address.contains(":") ? "[\(address)]" : address
        let port = url.port.map { ":\($0)" } ?? ""
        return Target(url: "http://\(bracketed)\(port)\(url.rest)", host: "\(url.host)\(port)")
    }

    /// The host to connect to for an MQTT broker, by the same rule: mqtt uses the checked address,
    /// and for mqtts the certificate guarantees the host.
    func host(_ broker: MQTTEndpoint.Broker, for sharer: Sharer) async throws -> String {
        let address = try await checkedAddress(broker.host, for: sharer)
        return broker.isSecure || allowsPrivate ? broker.host : address
    }

    /// The checked address of the host.
    ///
    /// Names are looked up even where private addresses are allowed: otherwise the connection
    /// would wait for a name without an address.
    private func checkedAddress(_ host: String, for sharer: Sharer) async throws -> String {
        let address = await resolver.address(of: host, for: sharer)
        if let address, allowsPrivate || Self.isPublic(address) { return address }
        // One text for both: a stranger must not learn which names the city's network has.
        throw AddressError(
            allowsPrivate
                ? "The host '\(host)' has no address."
                : "The host '\(host)' is not one of the public internet, and this hub calls no other "
                    + "(contexts.allowPrivateAddresses)."
        )
    }

    // MARK: Addresses

    /// Whether it is clear without a lookup that the hub will not call the address: a numeric
    /// address in any notation, or a name that always means this machine (RFC 6761).
    func refuses(_ uri: String) -> Bool {
        if allowsPrivate { return false }
        let host = WebURL(uri)?.bareHost ?? MQTTEndpoint(uri: uri)?.broker.host
        guard let host else { return false }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        return Self.address(inDigits: name).map { !Self.isPublic($0) } ?? false
    }

    /// The address as the system reads digits, which may be one number, octal or hexadecimal; nil
    /// for a name.
    private static func address(inDigits host: String) -> String? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &found) == 0, let found else { return nil }
        defer { freeaddrinfo(found) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard
            getnameinfo(
                found.pointee.ai_addr,
                found.pointee.ai_addrlen,
                &text,
                socklen_t(text.count),
                nil,
                0,
                NI_NUMERICHOST
            ) == 0
        else { return nil }
        let digits = text.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "%")) }
        return String(decoding: digits.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether a numeric address is one of the public Internet.
    static func isPublic(_ ip: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, ip, &bytes) == 1 { return isPublic(v4: bytes) }
        if inet_pton(AF_INET6, ip, &bytes) == 1 { return isPublic(v6: bytes) }
        return false
    }

    /// Whether it is outside the special-purpose blocks of RFC 6890.
    private static func isPublic(v4 bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (198, 18), (198, 19): false
        case (100, 64...127), (172, 16...31): false
        case (192, 0): bytes[2] != 0 && bytes[2] != 2
        case (224..., _): false
        default: true
        }
    }

    private static func isPublic(v6 bytes: [UInt8]) -> Bool {
        let embedsV4 =
            bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            || bytes[..<12] == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        if embedsV4 { return isPublic(v4: Array(bytes[12...])) }
        // Teredo and 6to4 addresses contain an IPv4 address of the sender's choice (RFC 4380, RFC
        // 3056).
        let isTunnel = bytes[..<4] == [0x20, 0x01, 0, 0] || bytes[..<2] == [0x20, 0x02]
        // Only 2000::/3 is assigned for public use.
        return bytes[0] & 0xE0 == 0x20 && !isTunnel
    }
}

/// The reason why an address is not called, in one sentence.
struct AddressError: Error, Sendable, Equatable {
    var detail: String
    init(_ detail: String) { self.detail = detail }
}

/// The parts of an http or https URL that are needed to call it.
struct WebURL: Sendable, Equatable {
    var scheme: String
    /// The host, with the brackets of an IPv6 address.
    var host: String
    var port: Int?
    /// The path and query, from the first slash.
    var rest: String

    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        scheme = text[..<colon].lowercased()
        guard scheme == "http" || scheme == "https", text[colon...].hasPrefix("://") else {
            return nil
        }
        let start = text.index(colon, offsetBy: 3)
        let end = text[start...].firstIndex { "/?#".contains($0) } ?? text.endIndex
        let authority = text[start..<end]
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let hostEnd =
            authority.hasPrefix("[")
            ? authority.firstIndex(of: "]").map { authority.index(after: $0) }
            : authority.firstIndex(of: ":") ?? authority.endIndex
        guard let hostEnd else { return nil }
        host = authority[..<hostEnd].lowercased()
        if hostEnd < authority.endIndex {
            guard authority[hostEnd] == ":", let port = Int(authority[hostEnd...].dropFirst()),
                (1...65_535).contains(port)
            else { return nil }
            self.port = port
        }
        guard !host.isEmpty else { return nil }
        let tail = text[end...].prefix { $0 != "#" }
        rest = tail.hasPrefix("/") ? String(tail) : "/\(tail)"
    }

    var bareHost: String {
        host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }
}
