/// Who has a share of what is held for the time of a request: a party, or, of those who come without
/// a token, whoever has one address.
package struct Sharer: Sendable, Hashable {
    package let party: Party
    package let address: AddressBlock?

    /// The address tells apart those without a token alone.
    package init(_ party: Party, at address: AddressBlock? = nil) {
        self.party = party
        self.address = party == .anonymous ? address : nil
    }
}

/// The addresses that one client may be taken to have: one of IPv4, or 2^64 of IPv6, as a line has
/// at least.
package enum AddressBlock: Sendable, Hashable {
    case v4(UInt32)
    case v6(prefix: UInt64)

    /// Four bytes are an address of IPv4, sixteen one of IPv6; nil for any other number.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(UInt32(Self.number(bytes)))
        case 16 where bytes.starts(with: Self.mapped):
            self = .v4(UInt32(Self.number(bytes.dropFirst(Self.mapped.count))))
        case 16: self = .v6(prefix: Self.number(bytes.prefix(8)))
        default: return nil
        }
    }

    /// What an address of IPv4 begins with where it is written as one of IPv6 (RFC 4291).
    private static let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
