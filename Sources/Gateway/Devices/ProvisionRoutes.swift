package import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Adds the routes by which devices are provisioned and send, as FIWARE's IoT Agent for JSON has them.
    ///
    /// They are not part of the standard.
    package mutating func addDeviceRoutes(_ hub: Hub, _ settings: NGSILDSettings) {
        var routes = NGSILDRoutes(hub: hub, settings: settings, table: self)
        routes.addGroupRoutes()
        routes.addGroupChanges()
        routes.addProvisionedDevices()
        routes.addProvisionedDevice()
        routes.addMeasureRoutes()
        self = routes.table
    }
}

extension NGSILDRoutes {
    private static let services = "/iot/services"
    private static let devices = "/iot/devices"
    private static let key = QueryParameter("apikey", "The key of the group")
    private static let resource = QueryParameter("resource", "The path of the group, /iot/json")
    private static let named = [
        QueryParameter("apikey", "The key of the group", isRequired: true), resource,
    ]

    fileprivate mutating func addGroupRoutes() {
        add(
            RouteDescription(
                .get,
                Self.services,
                .sources,
                "List the groups of devices, without their keys",
                query: [Self.resource],
                answers: "application/json"
            )
        ) { exchange in
            let list = try exchange.hub.sourcing.groups(
                path: exchange.servicePath,
                caller: try exchange.provisioner()
            )
            return .json(["count": .number(JSONNumber(list.count)), "services": .array(list)])
        }
        add(
            RouteDescription(
                .post,
                Self.services,
                .sources,
                "Create groups of devices, each with a key",
                accepts: ["application/json"],
                body: .deviceGroups,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let list = try await exchange.provision("services")
            try await exchange.hub.sourcing.createGroups(
                list,
                path: exchange.servicePath,
                caller: try exchange.provisioner()
            )
            return .json([:], status: .created)
        }
    }

    fileprivate mutating func addGroupChanges() {
        add(
            RouteDescription(
                .put,
                Self.services,
                .sources,
                "Change a group of devices",
                query: Self.named,
                accepts: ["application/json"],
                body: .deviceGroupFragment,
                status: 204
            )
        ) { exchange in
            let changes = try await exchange.body(to: .administer, allowing: [.json]).json
            try await exchange.hub.sourcing.changeGroup(
                key: exchange.items["apikey"],
                by: changes,
                caller: try exchange.provisioner()
            )
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                Self.services,
                .sources,
                "Remove a group with its devices; their entities stay",
                query: Self.named,
                status: 204
            )
        ) { exchange in
            try await exchange.hub.sourcing.deleteGroup(
                key: exchange.items["apikey"],
                caller: try exchange.provisioner()
            )
            return exchange.answer(.noContent)
        }
    }

    fileprivate mutating func addProvisionedDevices() {
        add(
            RouteDescription(
                .get,
                Self.devices,
                .sources,
                "List the devices that are provisioned",
                query: [
                    QueryParameter("limit", "At most so many", kind: .integer),
                    QueryParameter("offset", "So many are left out first", kind: .integer),
                ],
                answers: "application/json"
            )
        ) { exchange in
            let most = exchange.hub.limits.maximumPage
            let devices = try exchange.hub.sourcing.devices(
                path: exchange.servicePath,
                limit: min(most, try exchange.items.number("limit") ?? most),
                offset: try exchange.items.offset(),
                caller: try exchange.provisioner()
            )
            return .json([
                "count": .number(JSONNumber(devices.count)), "devices": .array(devices.list),
            ])
        }
        add(
            RouteDescription(
                .post,
                Self.devices,
                .sources,
                "Create devices",
                accepts: ["application/json"],
                body: .devices,
                answers: "application/json",
                status: 201
            )
        ) { exchange in
            let list = try await exchange.provision("devices")
            try await exchange.hub.sourcing.createDevices(
                list,
                path: exchange.servicePath,
                caller: try exchange.provisioner()
            )
            return .json([:], status: .created)
        }
    }

    fileprivate mutating func addProvisionedDevice() {
        let one = Self.devices + "/{deviceId}"
        add(
            RouteDescription(
                .get,
                one,
                .sources,
                "Retrieve a device",
                query: [Self.key],
                answers: "application/json"
            )
        ) { exchange in
            let device = try exchange.hub.sourcing.device(
                try exchange.capture("deviceId"),
                key: exchange.items["apikey"],
                caller: try exchange.provisioner()
            )
            return .json(device)
        }
        add(
            RouteDescription(
                .put,
                one,
                .sources,
                "Change a device",
                query: [Self.key],
                accepts: ["application/json"],
                body: .deviceFragment,
                status: 204
            )
        ) { exchange in
            let id = try exchange.capture("deviceId")
            let changes = try await exchange.body(to: .administer, allowing: [.json]).json
            try await exchange.hub.sourcing.changeDevice(
                id,
                key: exchange.items["apikey"],
                by: changes,
                caller: try exchange.provisioner()
            )
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                one,
                .sources,
                "Remove a device; its entity stays",
                query: [Self.key],
                status: 204
            )
        ) { exchange in
            try await exchange.hub.sourcing.deleteDevice(
                try exchange.capture("deviceId"),
                key: exchange.items["apikey"],
                caller: try exchange.provisioner()
            )
            return exchange.answer(.noContent)
        }
    }
}

extension Exchange {
    /// The caller, with the tenant that FIWARE's header names.
    fileprivate func provisioner() throws(BrokerError) -> Caller {
        var caller = caller
        guard let name = request.headers[.fiwareService], !name.isEmpty else { return caller }
        guard let tenant = TenantName(name) else {
            throw BrokerError(
                .badRequestData,
                "Fiware-Service names a tenant with letters, digits, '_', '-' and '.', not '\(name)'."
            )
        }
        guard caller.tenant == nil || caller.tenant == tenant else {
            throw BrokerError(.badRequestData, "NGSILD-Tenant and Fiware-Service name two tenants.")
        }
        caller.tenant = tenant
        return caller
    }

    /// FIWARE's path within a tenant, which groups and devices have.
    fileprivate var servicePath: String? { request.headers[.fiwareServicePath] }

    /// The list of this name in the body.
    fileprivate func provision(_ name: String) async throws -> [JSONValue] {
        let json = try await body(to: .administer, allowing: [.json]).json
        guard case .object(let object) = json, let list = object[name]?.arrayValue else {
            throw BrokerError(.badRequestData, "The body is an object with a list `\(name)`.")
        }
        if let other = object.members.first(where: { $0.key != name }) {
            throw BrokerError(.badRequestData, "The body has no member `\(other.key)`.")
        }
        guard (1...Self.maximumProvisioned).contains(list.count) else {
            throw BrokerError(
                .badRequestData,
                "`\(name)` has one to \(Self.maximumProvisioned) elements."
            )
        }
        return list
    }

    /// The most groups or devices of a request.
    private static let maximumProvisioned = 1_000
}

extension HTTPField.Name {
    static let fiwareService = known("Fiware-Service")
    static let fiwareServicePath = known("Fiware-ServicePath")
}
