import Borders
import Broker
import ContextModel
import Gateway
import Governance
import Logging
import Record
import Services
import Storage

/// All settings of an operator, checked.
struct HubConfiguration: Sendable {
    var gateway = GatewaySettings()
    var dataFolder = "balai-data"

    /// The depth of nested JSON in a body.
    var maximumDepth = JSONLimits.standard.maximumDepth
    /// The limits of operations.
    var limits = HubLimits()
    /// The limits of delivery and of waiting notifications.
    var delivery = DeliveryLimits()
    /// The most tenants besides the default one: each has a file and connections.
    var maximumTenants = 256
    /// The longest time of a query of the store.
    var queryTimeoutSeconds = 10

    /// What the configuration says of `public`, `permissions` and `prohibitions`: the hub keeps it from its
    /// first start on.
    var rules = CommonRules()
    /// Permissions of this run alone, which the hub does not keep.
    var furtherPermissions: [Permission] = []
    /// What the rules say.
    var policy: Policy {
        Policy(permissions: rules.permissions, prohibitions: rules.prohibitions)
    }
    /// Others whose tokens count, beside the hub itself.
    var issuers: [IssuerSettings] = []
    /// The witnesses that sign the checkpoints of the hub's record.
    var witnesses: [AskedWitness] = []
    /// The keys of others' records, of which the hub is a witness.
    var followedRecords: [NoteKey] = []
    /// The files for TLS; nil for plain HTTP.
    var tls: TLSPaths?
    /// Whom the subjects of clients' certificates mean, beside those that name a party themselves.
    var certificateParties: [String: Credential] = [:]
    var retention: [RetentionRule] = []
    /// The restrictions of services, by their names.
    var services: [ServiceName: ServiceRestrictions] = [:]

    /// The folder of local `@context` documents, for places without Internet access.
    var contextsFolder: String?
    var fetchesRemoteContexts = true
    /// The URL of this hub for the outside; nil to use the address that it listens on.
    var publicURL: String?
    /// Whether `@context`s and notifications may use private and loopback addresses.
    var allowsPrivateAddresses = false
    /// Whether registered Context Sources are asked, and changed.
    var asksSources = true
    /// The state whose law holds for the hub, by its code; nil for a hub that is in no network.
    var networkState: StateCode?
    /// The folder of hubs that are admitted, `NAME.member`.
    var membersFolder: String?

    /// What the catalogue says of the open data.
    var catalogue = CatalogueSettings()

    /// The limits of files sent over HTTP.
    var imports = ImportSettings()

    /// The folder with the definitions of sources, and the one with their secrets.
    var sourcesFolder: String?
    var secretsFolder: String?

    /// The presentation of the city on pages.
    var pages = PageSettings()

    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text

    /// What is written of the settings that need a restart, by their names.
    var waitingForRestart: [String: String] = [:]

    /// What the hub itself speaks.
    var scheme: String { tls == nil ? "http" : "https" }

    /// The URL for links to this hub.
    ///
    /// When the hub listens on all addresses, this is the URL on this machine.
    var reachableURL: String { reachableURL(port: gateway.port) }

    /// The same for the port on which the hub listens.
    func reachableURL(port: Int) -> String {
        if let publicURL { return publicURL }
        let isAnywhere = gateway.host == "0.0.0.0" || gateway.host == "::"
        return "\(scheme)://\(isAnywhere ? "localhost" : gateway.hostInURL):\(port)"
    }
}

extension HubConfiguration {
    /// The configuration of a running hub that has read its file again: what needs a restart stays as it is.
    func taking(_ read: HubConfiguration) -> HubConfiguration {
        var live = read
        live.gateway.host = gateway.host
        live.gateway.port = gateway.port
        live.gateway.isOpen = gateway.isOpen
        live.gateway.maximumConnections = gateway.maximumConnections
        live.dataFolder = dataFolder
        live.limits = limits
        live.delivery = delivery
        live.maximumTenants = maximumTenants
        live.queryTimeoutSeconds = queryTimeoutSeconds
        live.witnesses = witnesses
        live.followedRecords = followedRecords
        live.tls = tls
        live.publicURL = publicURL
        live.contextsFolder = contextsFolder
        live.fetchesRemoteContexts = fetchesRemoteContexts
        live.allowsPrivateAddresses = allowsPrivateAddresses
        live.asksSources = asksSources
        live.networkState = networkState
        live.secretsFolder = secretsFolder
        live.logFormat = logFormat
        for name in Set(services.keys).union(read.services.keys) {
            live.services[name, default: ServiceRestrictions()].isEnabled =
                services[name]?.isEnabled ?? true
        }
        live.waitingForRestart = waitingForRestart
        return live
    }

    /// The names of the settings that another reading has otherwise, and that need a restart.
    func changesForRestart(in read: HubConfiguration) -> [String] {
        let (old, new) = (waitingForRestart, read.waitingForRestart)
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    }
}

extension GatewaySettings {
    /// The host for a URL: an IPv6 address has brackets.
    var hostInURL: String { host.contains(":") ? "[\(host)]" : host }
}

/// The format of log lines.
enum LogFormat: String, Sendable {
    /// Text for people.
    case text
    /// One JSON object on each line, for programs.
    case json
}

/// The error for an invalid configuration, with all reasons.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    var findings: [String]
    var description: String { findings.joined(separator: "\n") }
}
