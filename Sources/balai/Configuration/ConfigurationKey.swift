/// A setting: its name in the file, its type and its purpose.
///
/// `docs/configuration.md` has a line for each (a test compares).
struct ConfigurationKey: Sendable {
    enum Kind: Sendable, Equatable {
        case text
        case integer(ClosedRange<Int>)
        case number
        case flag
        case list
        case choice([String])
    }

    /// The name, with dots for levels and `*` for a name that the operator chooses.
    let name: String
    let kind: Kind
    /// Whether a change waits for the next start; all others are in force when the file is read again.
    let needsRestart: Bool

    init(_ name: String, _ kind: Kind, needsRestart: Bool = false) {
        self.name = name
        self.kind = kind
        self.needsRestart = needsRestart
    }

    static let all: [ConfigurationKey] = [
        Self("host", .text, needsRestart: true),
        Self("port", .integer(0...65535), needsRestart: true),
        Self("data", .text, needsRestart: true),

        Self("limits.maximumBodyBytes", .integer(1024...1_073_741_824)),
        Self("limits.maximumHeaderBytes", .integer(1024...1_048_576)),
        Self("limits.maximumConnections", .integer(1...1_000_000), needsRestart: true),
        Self("limits.idleTimeoutSeconds", .integer(1...86400)),
        Self("limits.bodyTimeoutSeconds", .integer(1...86400)),
        Self("limits.queryTimeoutSeconds", .integer(1...3600), needsRestart: true),
        Self("limits.maximumDepth", .integer(8...512)),
        Self("limits.defaultPageSize", .integer(1...10000), needsRestart: true),
        Self("limits.maximumPageSize", .integer(1...10000), needsRestart: true),
        Self("limits.maximumInstances", .integer(1...1_000_000), needsRestart: true),
        Self("limits.maximumAnswerInstances", .integer(1...10_000_000), needsRestart: true),
        Self("limits.maximumEntityMapEntities", .integer(1...1_000_000), needsRestart: true),
        Self("limits.maximumEntityMapSeconds", .integer(1...31_536_000), needsRestart: true),
        Self("limits.maximumSnapshots", .integer(0...1_000), needsRestart: true),
        Self("limits.maximumSnapshotEntities", .integer(1...1_000_000), needsRestart: true),
        Self("limits.maximumSnapshotSeconds", .integer(1...31_536_000), needsRestart: true),
        Self("limits.maximumWaitingNotifications", .integer(1...10_000_000), needsRestart: true),
        Self("limits.maximumDeadLetters", .integer(1...1_000_000), needsRestart: true),
        Self("limits.maximumTenants", .integer(0...10_000), needsRestart: true),

        Self("public.types", .list),
        Self("public.scopes", .list),
        Self("public.hiddenAttributes", .list),
        Self("public.measures", .flag),
        Self("permissions.*.party", .text),
        Self("permissions.*.actions", .list),
        Self("permissions.*.types", .list),
        Self("permissions.*.scopes", .list),
        Self("permissions.*.hiddenAttributes", .list),

        Self("prohibitions.*.parties", .list),
        Self("prohibitions.*.types", .list),
        Self("prohibitions.*.scopes", .list),
        Self("prohibitions.*.ids", .list),
        Self("prohibitions.*.attributes", .list),

        Self("issuers.*.issuer", .text),
        Self("issuers.*.audience", .list),
        Self("issuers.*.keys", .text),
        Self("issuers.*.algorithms", .list),
        Self("issuers.*.partyClaim", .text),
        Self("issuers.*.partyPrefix", .text),
        Self("issuers.*.subjectClaim", .text),
        Self("issuers.*.subjectPrefix", .text),
        Self("issuers.*.rolesClaim", .text),
        Self("issuers.*.rolePrefix", .text),
        Self("issuers.*.rolesTarget", .text),
        Self("issuers.*.adminRoles", .list),
        Self("issuers.*.purposeClaim", .text),
        Self("issuers.*.credentialTypes", .list),
        Self("issuers.*.credentialIssuers", .list),
        Self("issuers.*.clientID", .text),
        Self("issuers.*.clientSecretFile", .text),
        Self("issuers.*.clientSecretVariable", .text),
        Self("issuers.*.scopes", .list),
        Self("issuers.*.label", .text),

        Self("witnesses.*.key", .text, needsRestart: true),
        Self("witnesses.*.url", .text, needsRestart: true),
        Self("followedRecords.*.origin", .text, needsRestart: true),
        Self("followedRecords.*.key", .text, needsRestart: true),
        Self("tls.certificate", .text, needsRestart: true),
        Self("tls.key", .text, needsRestart: true),
        Self("tls.clientCertificates", .text, needsRestart: true),
        Self("certificateParties.*.subject", .text),
        Self("certificateParties.*.party", .text),
        Self("certificateParties.*.roles", .list),

        Self("services.*.enabled", .flag, needsRestart: true),
        Self("services.*.actions", .list),
        Self("services.*.types", .list),
        Self("services.*.scopes", .list),
        Self("services.*.hiddenAttributes", .list),

        Self("statistics.rho", .number, needsRestart: true),
        Self("statistics.days", .integer(1...3_660), needsRestart: true),

        Self("retention.*.keepDays", .integer(1...36500)),
        Self("retention.*.thinAfterDays", .integer(1...36500)),
        Self("retention.*.thinToMinutes", .integer(1...525_600)),

        Self("publicURL", .text, needsRestart: true),
        Self("cors.origins", .list),
        Self("contexts.folder", .text, needsRestart: true),
        Self("contexts.fetchRemote", .flag, needsRestart: true),
        Self("contexts.allowPrivateAddresses", .flag, needsRestart: true),
        Self("federation.asksSources", .flag, needsRestart: true),
        Self("network.state", .text, needsRestart: true),
        Self("network.members", .text),

        Self("imports.maps", .text),
        Self("imports.maximumBytes", .integer(1024...1_099_511_627_776)),

        Self("sources.folder", .text),
        Self("sources.secrets", .text, needsRestart: true),

        Self("catalog.license", .text),
        Self("catalog.contact", .text),

        Self("pages.cityName", .text),
        Self("pages.timeZone", .text),
        Self("pages.tilesURL", .text),
        Self("pages.tilesAttribution", .text),
        Self("pages.leafletFolder", .text),

        Self("log.level", .choice(["trace", "debug", "info", "notice", "warning", "error"])),
        Self("log.format", .choice(["text", "json"]), needsRestart: true),
    ]

    /// The key for a path in the file; nil when there is none.
    static func matching(_ path: [String]) -> ConfigurationKey? {
        all.first { key in
            let parts = key.name.split(separator: ".")
            return parts.count == path.count
                && zip(parts, path).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    /// The name closest to a misspelt one, for a hint.
    static func nearest(to written: String) -> String {
        all.map(\.name).min { distance($0, written) < distance($1, written) } ?? ""
    }

    /// The number of letters to insert, remove or replace to turn one word into the other.
    static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.lowercased())
        var row = Array(0...b.count)
        for (i, letter) in a.lowercased().enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let change = diagonal + (b[j] == letter ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
