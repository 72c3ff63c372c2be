import Foundation
import Configuration
import Borders
import Broker
import ContextModel
import Gateway
import Governance
import Logging
import Services
import Statistics
import Storage

extension HubConfiguration {
    /// Reads and checks every setting; throws all findings at once.
    init(_ sources: ConfigurationSources) throws(ConfigurationError) {
        self.init()
        var settings = SettingsReader(reader: sources.reader, findings: sources.findings)
        readAll(&settings, names: sources.names)
        waitingForRestart = sources.waitingForRestart
        if limits.defaultPage > limits.maximumPage {
            settings.findings.append(
                "limits.defaultPageSize (\(limits.defaultPage)) is more than "
                    + "limits.maximumPageSize (\(limits.maximumPage))."
            )
        }
        if !settings.findings.isEmpty { throw ConfigurationError(findings: settings.findings) }
    }

    /// The default of every setting that has one, as in `docs/configuration.md`.
    static var defaults: [String: String] {
        var configuration = HubConfiguration()
        let nothing = ConfigReader(provider: InMemoryProvider(values: [:]))
        var settings = SettingsReader(reader: nothing, findings: [])
        configuration.readAll(&settings, names: [:])
        return settings.defaults
    }

    private mutating func readAll(_ settings: inout SettingsReader, names: [String: [String]]) {
        readPlaces(&settings)
        readLimits(&settings)
        readPages(&settings)
        readStatistics(&settings)
        imports.mapsFolder = settings.text("imports.maps")
        sourcesFolder = settings.text("sources.folder")
        secretsFolder = settings.text("sources.secrets")
        settings.read("imports.maximumBytes", into: &imports.maximumBytes)
        rules = settings.commonRules(
            permissions: names["permissions"] ?? [],
            prohibitions: names["prohibitions"] ?? []
        )
        issuers = settings.issuers(names: names["issuers"] ?? [])
        witnesses = settings.witnesses(names: names["witnesses"] ?? [])
        followedRecords = settings.followedRecords(names: names["followedRecords"] ?? [])
        tls = settings.tls()
        certificateParties = settings.certificateParties(
            names: names["certificateParties"] ?? [],
            tls: tls
        )
        services = settings.services(names: names["services"] ?? [])
        retention = settings.retention(names: names["retention"] ?? [])
    }

    private mutating func readPlaces(_ settings: inout SettingsReader) {
        settings.read("host", into: &gateway.host)
        settings.read("port", into: &gateway.port)
        settings.read("data", into: &dataFolder)
        publicURL = settings.text("publicURL")
        gateway.origins = settings.list("cors.origins")
        catalogue.licence = settings.text("catalog.license")
        catalogue.contact = settings.text("catalog.contact")
        contextsFolder = settings.text("contexts.folder")
        settings.read("contexts.fetchRemote", into: &fetchesRemoteContexts)
        settings.read("contexts.allowPrivateAddresses", into: &allowsPrivateAddresses)
        settings.read("federation.asksSources", into: &asksSources)
        networkState = settings.text("network.state").flatMap { StateCode($0) }
        membersFolder = settings.text("network.members")
        logLevel = settings.text("log.level").flatMap { Logger.Level(rawValue: $0) } ?? logLevel
        logFormat = settings.text("log.format").flatMap { LogFormat(rawValue: $0) } ?? logFormat
    }

    private mutating func readLimits(_ settings: inout SettingsReader) {
        settings.read("limits.maximumBodyBytes", into: &gateway.maximumBodyBytes)
        settings.read("limits.maximumHeaderBytes", into: &gateway.maximumHeaderBytes)
        settings.read("limits.maximumConnections", into: &gateway.maximumConnections)
        settings.read("limits.idleTimeoutSeconds", into: &gateway.idleTimeoutSeconds)
        settings.read("limits.bodyTimeoutSeconds", into: &gateway.bodyTimeoutSeconds)
        settings.read("limits.queryTimeoutSeconds", into: &queryTimeoutSeconds)
        settings.read("limits.maximumDepth", into: &maximumDepth)
        settings.read("limits.defaultPageSize", into: &limits.defaultPage)
        settings.read("limits.maximumPageSize", into: &limits.maximumPage)
        settings.read("limits.maximumInstances", into: &limits.maximumInstances)
        settings.read("limits.maximumAnswerInstances", into: &limits.maximumAnswerInstances)
        settings.read("limits.maximumEntityMapEntities", into: &limits.maximumEntityMapEntities)
        settings.read("limits.maximumEntityMapSeconds", into: &limits.maximumEntityMapSeconds)
        settings.read("limits.maximumSnapshots", into: &limits.maximumSnapshots)
        settings.read("limits.maximumSnapshotEntities", into: &limits.maximumSnapshotEntities)
        settings.read("limits.maximumSnapshotSeconds", into: &limits.maximumSnapshotSeconds)
        settings.read("limits.maximumWaitingNotifications", into: &delivery.maximumWaiting)
        settings.read("limits.maximumDeadLetters", into: &delivery.maximumDeadLetters)
        settings.read("limits.maximumTenants", into: &maximumTenants)
    }

    private mutating func readStatistics(_ settings: inout SettingsReader) {
        var (rho, days) = (limits.privacyBudget.limit.rho, limits.privacyBudget.days)
        settings.read("statistics.rho", into: &rho)
        settings.read("statistics.days", into: &days)
        guard rho.isFinite else {
            settings.findings.append("statistics.rho must be a number.")
            return
        }
        do throws(StatisticsError) {
            limits.privacyBudget = try PrivacyBudget(rho: Rational(JSONNumber(rho)), days: days)
        } catch {
            settings.findings.append("statistics.\(error)")
        }
    }

    private mutating func readPages(_ settings: inout SettingsReader) {
        settings.read("pages.cityName", into: &pages.cityName)
        settings.read("pages.timeZone", into: &pages.timeZone)
        settings.read("pages.tilesAttribution", into: &pages.tileAttribution)
        settings.read("pages.leafletFolder", into: &pages.leafletFolder)
        pages.tileURL = settings.text("pages.tilesURL")
        if let url = pages.tileURL, !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            settings.findings.append("pages.tilesURL: \"\(url)\" is not an http or https URL.")
        }
        if TimeZone(identifier: pages.timeZone) == nil {
            settings.findings.append(
                "pages.timeZone: \"\(pages.timeZone)\" is not a time zone such as Asia/Bangkok."
            )
        }
    }
}

/// Reads single settings by their types and collects errors.
struct SettingsReader {
    let reader: ConfigReader
    var findings: [String]
    /// The defaults, as they would be written in the file.
    private(set) var defaults: [String: String] = [:]

    init(reader: ConfigReader, findings: [String]) {
        self.reader = reader
        self.findings = findings
    }

    mutating func read(_ name: String, into value: inout Int) {
        defaults[name] = String(value)
        value = integer([name]) ?? value
    }

    mutating func read(_ name: String, into value: inout Double) {
        defaults[name] = JSONNumber(value).literal
        value = checked([name]) { $0.double(forKey: $1) } ?? value
    }

    mutating func read(_ name: String, into value: inout String) {
        defaults[name] = value
        value = text(name) ?? value
    }

    mutating func read(_ name: String, into value: inout Bool) {
        defaults[name] = String(value)
        value = flag(name) ?? value
    }

    mutating func text(_ name: String...) -> String? {
        let text = checked(name) { $0.string(forKey: $1) }
        if let text, case .choice(let choices) = kind(name), !choices.contains(text) {
            findings.append(
                "\(name.joined(separator: ".")): \"\(text)\" is not one of "
                    + choices.joined(separator: ", ") + "."
            )
        }
        return text
    }

    mutating func flag(_ name: String...) -> Bool? {
        checked(name) { $0.bool(forKey: $1) }
    }

    mutating func integer(_ name: [String]) -> Int? {
        let integer = checked(name) { $0.int(forKey: $1) }
        if let integer, case .integer(let range) = kind(name), !range.contains(integer) {
            findings.append(
                "\(name.joined(separator: ".")): \(integer) is not from \(range.lowerBound) to "
                    + "\(range.upperBound)."
            )
        }
        return integer
    }

    mutating func list(_ name: String...) -> [String] { list(name) }

    mutating func list(_ name: [String]) -> [String] {
        checked(name) { $0.stringArray(forKey: $1) } ?? []
    }

    private func kind(_ name: [String]) -> ConfigurationKey.Kind? {
        let path = name.count == 1 ? name[0].split(separator: ".").map(String.init) : name
        return ConfigurationKey.matching(path)?.kind
    }

    /// Reads a setting; the provider also returns nil for a value of the wrong type, which is an
    /// error here.
    private mutating func checked<Value>(
        _ name: [String],
        _ read: (ConfigReader, ConfigKey) -> Value?
    ) -> Value? {
        let key = name.count == 1 ? ConfigKey(name[0]) : ConfigKey(name)
        if let value = read(reader, key) { return value }
        if reader.string(forKey: key) != nil || reader.stringArray(forKey: key) != nil {
            let expected =
                switch kind(name) {
                case .integer: "a whole number"
                case .number: "a number"
                case .flag: "true or false"
                case .list: "a list"
                case .text, .choice, nil: "a text"
                }
            findings.append("\(name.joined(separator: ".")) must be \(expected).")
        }
        return nil
    }
}
