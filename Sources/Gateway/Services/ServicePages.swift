import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Services

extension RouteTable {
    /// Adds the page that lists the city's services, and the page of each that has one.
    mutating func addServicePages(
        _ services: [HostedService],
        _ hub: Hub,
        _ renderer: PageRenderer,
        _ settings: PageSettings
    ) {
        guard !services.isEmpty else { return }
        let list = RouteDescription(.get, "/services", .pages, "List the services of the city")
        add(list.answeringHTML) { _, _ in
            .page(try renderer.services(services.map { ServiceView($0) }), settings)
        }
        for service in services {
            guard let page = service.module.page else { continue }
            let summary = "Show the service '\(service.module.title)'"
            let description = RouteDescription(.get, service.path, .pages, summary)
            add(description.answeringHTML) { _, context in
                let request = ServiceRequest(city: CityAccess(hub, for: context.caller))
                let content = try await page.content(request, service.context)
                let view = ServiceContentView(service, content)
                return .page(try renderer.service(view), settings)
            }
        }
    }
}

extension RouteDescription {
    fileprivate var answeringHTML: RouteDescription {
        var description = self
        description.answers = "text/html"
        return description
    }
}

/// A service in the list of services.
struct ServiceView {
    var title: String
    /// Where its page is; nil when it has none.
    var path: String?
    var party: String
    var purpose: String
    var rights: [String]
    var types: String

    init(_ service: HostedService) {
        let module = service.module
        title = module.title
        path = module.page == nil ? nil : service.path
        party = Party.service(module.name).text
        purpose = module.purpose.text
        rights = module.rights.map { right in
            let actions = right.actions.map { "\($0)" }.sorted().joined(separator: ", ")
            let reach = right.target == .everything ? "every entity" : "some entities"
            return "\(actions): \(reach)"
        }
        types = module.entityTypes.joined(separator: ", ")
    }
}

/// The page of a service.
struct ServiceContentView {
    /// A table as the template prints it.
    struct Table {
        var caption: String
        var columns: [String]
        var rows: [[String]]
    }

    var title: String
    var lead: String
    var paragraphs: [String]
    var tables: [Table]

    init(_ service: HostedService, _ content: ServiceContent) {
        title = service.module.title
        lead = content.lead
        paragraphs = content.paragraphs
        tables = content.tables.map {
            Table(caption: $0.caption, columns: $0.columns, rows: $0.rows)
        }
    }
}
