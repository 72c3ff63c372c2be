/// The Prefer header, by which a client or a receiver says how it likes its answer (RFC 7240).
package enum PreferHeader {
    /// What is preferred by that name; parameters of preferences are left aside.
    package static func preference(_ name: String, in header: String) -> String? {
        for preference in HeaderText.elements(of: header) {
            let parts = HeaderText.parameters(of: preference)
            // Names have no case (RFC 7240, clause 2).
            guard let pair = HeaderText.parameter(parts[0]), pair.name == name,
                !pair.value.isEmpty
            else { continue }
            return pair.value
        }
        return nil
    }
}
