/// The Prefer header, by which a client or a receiver says how it likes its answer (RFC 7240).
package enum PreferHeader {
    /// What is preferred by that name; parameters of preferences are left aside.
    package static func preference(_ name: String, in header: String) -> String? {
        for preference in header.split(separator: ",") {
            let parts = preference.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map {
                $0.split { $0 == " " || $0 == "\t" }
            }
            // Names have no case (RFC 7240, clause 2).
            guard parts.count == 2, parts[0].count == 1, parts[1].count == 1,
                parts[0][0].lowercased() == name
            else { continue }
            return parts[1][0].filter { $0 != "\"" }
        }
        return nil
    }
}
