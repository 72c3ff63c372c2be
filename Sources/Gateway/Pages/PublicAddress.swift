import HTTPTypes

extension HTTPRequest {
    /// The address at which who asks reaches the hub: the configured one, or else the one that was asked.
    func address(publicURL: String?, hasTLS: Bool) -> String {
        if let publicURL { return publicURL }
        // What is no authority (RFC 3986, clause 3.2) is not repeated in commands that people copy.
        let asked = authority.flatMap { text in
            text.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x3A)
                    || [0x2D, 0x2E, 0x5B, 0x5D, 0x5F].contains($0)
            } && !text.isEmpty ? text : nil
        }
        return (hasTLS ? "https://" : "http://") + (asked ?? "localhost")
    }
}
