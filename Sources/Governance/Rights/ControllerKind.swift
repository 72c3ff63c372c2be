/// The kind of organisation that controls the data, as a term of the Data Privacy Vocabulary.
///
/// The rules about data that crosses borders depend on it.
package struct ControllerKind: Sendable, Hashable {
    /// The term with its prefix, as `dpv:NonProfitOrganisation`.
    package let text: String

    /// DPV's kinds of organisations and authorities.
    package static let names = [
        "AcademicScientificOrganisation", "Authority", "DataProtectionAuthority",
        "ForProfitOrganisation", "GovernmentalOrganisation", "IndustryConsortium",
        "InternationalOrganisation", "NationalAuthority", "NonGovernmentalOrganisation",
        "NonProfitOrganisation", "RegionalAuthority", "SupraNationalAuthority",
    ]

    /// The sectors that rules about borders tell apart.
    package enum Sector: Sendable, Hashable, CaseIterable {
        case `public`, `private`
        /// An organisation without profit that belongs to no state.
        case nonprofit
    }

    package var sector: Sector {
        switch text.dropFirst("dpv:".count) {
        case "ForProfitOrganisation", "IndustryConsortium": .private
        case "NonGovernmentalOrganisation", "NonProfitOrganisation",
            "AcademicScientificOrganisation":
            .nonprofit
        default: .public
        }
    }

    /// Reads `dpv:Authority`, `https://w3id.org/dpv#Authority` or `Authority`; nil for what is no such term.
    package init?(_ text: String) {
        let prefixes = ["dpv:", "https://w3id.org/dpv#"]
        let prefix = prefixes.first { text.hasPrefix($0) } ?? ""
        let name = String(text.dropFirst(prefix.count))
        guard Self.names.contains(name) else { return nil }
        self.text = "dpv:" + name
    }
}
