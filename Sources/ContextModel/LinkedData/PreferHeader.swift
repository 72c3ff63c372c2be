/// The Prefer header, with which a client or a receiver says what it prefers (RFC 7240).
package enum PreferHeader {
    /// The value of the preference with this name; parameters are ignored.
    package static func preference(_ name: String, in header: String) -> String? {
        for preference in HeaderText.elements(of: header) {
            let parts = HeaderText.parameters(of: preference)
            // Names are compared without case (RFC 7240, clause 2).
            guard let pair = HeaderText.parameter(parts[0]), pair.name == name,
                !pair.value.isEmpty
            else { continue }
            return pair.value
        }
        return nil
    }
}
