package import Broker
import ContextModel
import HTTPTypes
import Hummingbird
package import Services

extension RouteTable {
    /// Adds the routes of the city's services.
    package mutating func addServiceRoutes(
        _ services: [HostedService],
        _ hub: Hub,
        _ settings: NGSILDSettings
    ) {
        var routes = NGSILDRoutes(hub: hub, settings: settings, table: self)
        for service in services {
            for route in service.module.routes { routes.add(route, of: service) }
        }
        self = routes.table
    }
}

extension NGSILDRoutes {
    fileprivate mutating func add(_ route: ServiceRoute, of service: HostedService) {
        let description = RouteDescription(route, of: service)
        add(description) { exchange in
            let request = try await exchange.request(to: service, description)
            let answer = try await route.handler(request, service.context)
            return exchange.answer(answer, of: service)
        }
    }
}

extension RouteDescription {
    fileprivate init(_ route: ServiceRoute, of service: HostedService) {
        self.init(
            route.method.httpMethod,
            "\(service.path)/\(route.path)",
            .services,
            route.summary,
            query: route.parameters.sorted { $0.key < $1.key }
                .map { QueryParameter($0.key, $0.value) },
            accepts: route.method == .post ? [MediaType.json.rawValue] : [],
            answers: route.method == .get ? MediaType.json.rawValue : nil,
            status: route.method == .get ? 200 : route.method == .post ? 201 : 204
        )
    }
}

extension ServiceRoute.Method {
    fileprivate var httpMethod: HTTPRequest.Method {
        switch self {
        case .get: .get
        case .post: .post
        case .delete: .delete
        }
    }
}

extension Exchange {
    fileprivate func request(
        to service: HostedService,
        _ route: RouteDescription
    ) async throws -> ServiceRequest {
        var captures: [String: String] = [:]
        for name in route.captures { captures[name] = try capture(name) }
        var parameters: [String: String] = [:]
        for parameter in route.query { parameters[parameter.name] = items[parameter.name] }
        return ServiceRequest(
            city: service.city(for: caller),
            captures: captures,
            parameters: parameters,
            // The service's own calls decide whether the caller may do what the body asks for.
            body: route.accepts.isEmpty ? nil : try await body(to: .read, allowing: [.json]).json
        )
    }

    fileprivate func answer(_ answer: ServiceAnswer, of service: HostedService) -> Response {
        switch answer {
        case .json(let json): self.answer(json.serialized, .json, ld: nil)
        case .created(let path): created(at: "\(service.path)/\(path)")
        case .done: self.answer(.noContent)
        }
    }
}
