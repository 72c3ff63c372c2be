import Broker
import ContextModel
import HTTPTypes
import Hummingbird

/// What the catalogue of a hub says of its city.
package struct CatalogueSettings: Sendable, Hashable {
    /// The city's name.
    package var cityName = "Your city"
    /// The licence of the open data, by its URL; nil when the city has named none.
    package var licence: String?
    /// Where questions about the data go: an address such as `mailto:data@city.example`.
    package var contact: String?

    package init() {}
}

/// The catalogue of what the caller may read, in DCAT-AP 3.
extension NGSILDRoutes {
    mutating func addCatalogueRoutes() {
        add(
            RouteDescription(
                .get,
                "/catalog",
                .features,
                "Tell what data there is, as a catalogue in DCAT-AP 3",
                answers: MediaType.jsonLD.rawValue
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            let types = try await exchange.hub.reading.types(caller: exchange.caller).information
            let document = CatalogueDocument(
                base: exchange.base,
                settings: exchange.settings.shownCatalogue
            )
            return .json(document.json(of: types, ld), contentType: MediaType.jsonLD.rawValue)
        }
    }
}
