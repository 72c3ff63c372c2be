/// What the hub calls one of the city's services: lower-case letters, digits and hyphens.
///
/// It is also the service's party: what a service may do is decided as for everybody else.
package struct ServiceName: Sendable, Hashable {
    /// The longest name, in bytes.
    package static let maximumBytes = 64

    package let text: String

    /// nil for a text that is no name.
    package init?(_ text: String) {
        let isName = text.utf8.allSatisfy {
            $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")
                || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "-")
        }
        guard isName, !text.isEmpty, text.utf8.count <= Self.maximumBytes else { return nil }
        self.text = text
    }
}
