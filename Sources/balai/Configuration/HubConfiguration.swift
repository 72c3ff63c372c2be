import Broker
import ContextModel
import Gateway
import Governance
import Logging
import Services
import Storage

/// Everything an operator can set, checked.
struct HubConfiguration: Sendable {
    var gateway = GatewaySettings()
    var dataFolder = "balai-data"

    /// How deep a JSON body may nest.
    var maximumDepth = JSONLimits.standard.maximumDepth
    /// What the operations keep to.
    var limits = HubLimits()
    /// How persistent delivery of notifications is, and how much waits.
    var delivery = DeliveryLimits()
    /// Tenants besides the default one: each is a file with connections of its own.
    var maximumTenants = 256
    /// How long a query of the store may take.
    var queryTimeoutSeconds = 10

    var policy = Policy(permissions: [])
    /// Others whose tokens count, beside the hub itself.
    var issuers: [IssuerSettings] = []
    var retention: [RetentionRule] = []
    /// What the operator leaves of the rights of services, by their names.
    var services: [ServiceName: ServiceRestrictions] = [:]

    /// Local `@context` documents, for places without internet.
    var contextsFolder: String?
    var fetchesRemoteContexts = true
    /// Where the outside reaches this hub; nil for what the address it listens on tells.
    var publicURL: String?
    /// Whether `@context`s and notifications may go to private and loopback addresses.
    var allowsPrivateAddresses = false

    /// What files sent over HTTP may be.
    var imports = ImportSettings()

    /// How the pages present the city.
    var pages = PageSettings()

    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text

    /// What stands in links to this hub.
    ///
    /// Who listens everywhere has told no name that others know: then it is this machine's.
    var reachableURL: String { reachableURL(port: gateway.port) }

    /// The same for the port that the hub got.
    func reachableURL(port: Int) -> String {
        if let publicURL { return publicURL }
        let isAnywhere = gateway.host == "0.0.0.0" || gateway.host == "::"
        return "http://\(isAnywhere ? "localhost" : gateway.hostInURL):\(port)"
    }
}

extension GatewaySettings {
    /// The host as it stands in a URL: an IPv6 address in brackets.
    var hostInURL: String { host.contains(":") ? "[\(host)]" : host }
}

/// How log lines look.
enum LogFormat: String, Sendable {
    /// One line for people.
    case text
    /// One JSON object a line for programs.
    case json
}

/// The configuration cannot be used; says every reason at once.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    var findings: [String]
    var description: String { findings.joined(separator: "\n") }
}
