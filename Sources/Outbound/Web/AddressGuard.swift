import Broker
import Glibc
import Governance

/// Keeps strangers from sending the hub to addresses inside the city's own network: what only this
/// machine, this link or this site can reach is refused unless the operator allows it.
final class AddressGuard: Sendable {
    /// Where a request goes.
    struct Target: Sendable, Equatable {
        /// With the checked address in place of the name, where nothing else vouches for the host.
        var url: String
        /// What to say in the Host header, if the URL no longer says it.
        var host: String?
    }

    private let allowsPrivate: Bool
    private let resolver: NameResolver

    init(allowsPrivate: Bool, resolver: NameResolver = NameResolver()) {
        self.allowsPrivate = allowsPrivate
        self.resolver = resolver
    }

    /// The target of a URL; throws when it is not an address to go to.
    ///
    /// A name may lead elsewhere a moment after it was checked. Over http the request is therefore
    /// bound to the checked address; over https the certificate vouches for the host.
    ///
    /// `sharer` is on whose behalf it is gone to.
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

    /// Where to connect to for an MQTT broker, by the same rule: mqtt is bound to the checked
    /// address, of mqtts the certificate vouches for the host.
    func host(_ broker: MQTTEndpoint.Broker, for sharer: Sharer) async throws -> String {
        let address = try await checkedAddress(broker.host, for: sharer)
        return broker.isSecure || allowsPrivate ? broker.host : address
    }

    /// Where private addresses are allowed, names are looked up all the same: whoever connects would
    /// otherwise wait for one that has no address.
    private func checkedAddress(_ host: String, for sharer: Sharer) async throws -> String {
        let address = await resolver.address(of: host, for: sharer)
        if let address, allowsPrivate || Self.isPublic(address) { return address }
        // The same words for both: a stranger should not learn which names the city's network has.
        throw AddressError(
            allowsPrivate
                ? "The host '\(host)' has no address."
                : "The host '\(host)' is not one of the public internet, and this hub calls no other "
                    + "(contexts.allowPrivateAddresses)."
        )
    }

    // MARK: Addresses

    /// Whether an address of a web or MQTT server tells by itself that it will not be called: one in
    /// digits, however they are written, or a name that is this machine's everywhere (RFC 6761).
    func refuses(_ uri: String) -> Bool {
        if allowsPrivate { return false }
        let host = WebURL(uri)?.bareHost ?? MQTTEndpoint(uri: uri)?.broker.host
        guard let host else { return false }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        return Self.address(inDigits: name).map { !Self.isPublic($0) } ?? false
    }

    /// As the system reads digits, which may be one number, octal or hexadecimal; nil for a name.
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

    /// Whether an address in digits is one of the public internet.
    static func isPublic(_ ip: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, ip, &bytes) == 1 { return isPublic(v4: bytes) }
        if inet_pton(AF_INET6, ip, &bytes) == 1 { return isPublic(v6: bytes) }
        return false
    }

    /// The special-purpose blocks of RFC 6890 that lead nowhere outside.
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
        // Teredo and 6to4 carry an IPv4 address of anybody's choice (RFC 4380, RFC 3056).
        let isTunnel = bytes[..<4] == [0x20, 0x01, 0, 0] || bytes[..<2] == [0x20, 0x02]
        // 2000::/3 is all that is given out for public use.
        return bytes[0] & 0xE0 == 0x20 && !isTunnel
    }
}

/// Why an address is not gone to: one sentence.
struct AddressError: Error, Sendable, Equatable {
    var detail: String
    init(_ detail: String) { self.detail = detail }
}

/// The parts of an http or https URL that matter for going there.
struct WebURL: Sendable, Equatable {
    var scheme: String
    /// With the brackets of an IPv6 address.
    var host: String
    var port: Int?
    /// Path and query, from the first slash on.
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
