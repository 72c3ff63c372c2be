import Broker
import ContextModel
import Governance
import Hummingbird
import Services

extension RouteTable {
    /// Adds the page that lists the city's services, and the page of each service that has one.
    mutating func addServicePages(
        _ services: [HostedService],
        _ renderer: PageRenderer,
        _ settings: PageSettings
    ) {
        guard !services.isEmpty else { return }
        add(Self.page("/services", "List the services of the city")) { request, context in
            let renderer = renderer.speaking(to: request, context.caller)
            return .page(try renderer.services(services.map { ServiceView($0) }), settings)
        }
        for service in services {
            guard let page = service.module.page else { continue }
            let title = service.module.title
            add(Self.page(service.path, "Show the service '\(title)'")) { asked, context in
                let request = ServiceRequest(city: service.city(for: context.caller))
                let content = try await page.content(request, service.context)
                let renderer = renderer.speaking(to: asked, context.caller)
                return .page(try renderer.service(title, content), settings)
            }
        }
    }
}

/// A service in the list of services.
struct ServiceView {
    var title: String
    /// The path of its page; nil when it has none.
    var path: String?
    var party: String
    var purpose: String
    var rights: [String]
    var types: String
    var subscriptions: String

    /// The rights of a service without a permission of its own.
    private static let none = "no more than anybody"

    init(_ service: HostedService) {
        let module = service.module
        title = module.title
        path = module.page == nil ? nil : service.path
        party = Party.service(module.name).text
        purpose = module.purpose.text
        rights = service.rights.isEmpty ? [Self.none] : service.rights
        subscriptions = module.subscriptions.map(\.name).joined(separator: ", ")
        types = module.entityTypes.joined(separator: ", ")
    }
}
