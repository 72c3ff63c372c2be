import Foundation
import Configuration
import Broker
import ContextModel
import Gateway
import Governance
import Logging
import Services
import Storage

extension HubConfiguration {
    /// Reads and checks every setting; throws all findings at once.
    init(_ sources: ConfigurationSources) throws(ConfigurationError) {
        self.init()
        var settings = SettingsReader(reader: sources.reader, findings: sources.findings)
        readPlaces(&settings)
        readLimits(&settings)
        readPages(&settings)
        imports.mapsFolder = settings.text("imports.maps")
        settings.read("imports.maximumBytes", into: &imports.maximumBytes)
        policy = settings.policy(names: sources.names["permissions"] ?? [])
        services = settings.services(names: sources.names["services"] ?? [])
        retention = settings.retention(names: sources.names["retention"] ?? [])
        if defaultPageSize > maximumPageSize {
            settings.findings.append(
                "limits.defaultPageSize (\(defaultPageSize)) is more than "
                    + "limits.maximumPageSize (\(maximumPageSize))."
            )
        }
        if !settings.findings.isEmpty { throw ConfigurationError(findings: settings.findings) }
    }

    private mutating func readPlaces(_ settings: inout SettingsReader) {
        settings.read("host", into: &gateway.host)
        settings.read("port", into: &gateway.port)
        settings.read("data", into: &dataFolder)
        publicURL = settings.text("publicURL")
        contextsFolder = settings.text("contexts.folder")
        settings.read("contexts.fetchRemote", into: &fetchesRemoteContexts)
        settings.read("contexts.allowPrivateAddresses", into: &allowsPrivateAddresses)
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
        settings.read("limits.defaultPageSize", into: &defaultPageSize)
        settings.read("limits.maximumPageSize", into: &maximumPageSize)
        settings.read("limits.maximumInstances", into: &maximumInstances)
        settings.read("limits.maximumAnswerInstances", into: &maximumAnswerInstances)
        settings.read("limits.maximumEntityMapEntities", into: &maximumEntityMapEntities)
        settings.read("limits.maximumEntityMapSeconds", into: &maximumEntityMapSeconds)
        settings.read("limits.maximumSnapshots", into: &maximumSnapshots)
        settings.read("limits.maximumSnapshotEntities", into: &maximumSnapshotEntities)
        settings.read("limits.maximumSnapshotSeconds", into: &maximumSnapshotSeconds)
        settings.read("limits.maximumWaitingNotifications", into: &delivery.maximumWaiting)
        settings.read("limits.maximumDeadLetters", into: &delivery.maximumDeadLetters)
        settings.read("limits.maximumTenants", into: &maximumTenants)
    }

    private mutating func readPages(_ settings: inout SettingsReader) {
        settings.read("pages.cityName", into: &pages.cityName)
        settings.read("pages.timeZone", into: &pages.timeZone)
        settings.read("pages.tilesAttribution", into: &pages.tileAttribution)
        settings.read("pages.leafletFolder", into: &pages.leafletFolder)
        pages.tileURL = settings.text("pages.tilesURL")
        if let url = pages.tileURL, !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            settings.findings.append("pages.tilesURL: \"\(url)\" is no http or https URL.")
        }
        if TimeZone(identifier: pages.timeZone) == nil {
            settings.findings.append(
                "pages.timeZone: \"\(pages.timeZone)\" is no time zone such as Asia/Bangkok."
            )
        }
    }
}

/// Reads single settings by their kind and collects what is wrong with them.
struct SettingsReader {
    let reader: ConfigReader
    var findings: [String]

    mutating func read(_ name: String, into value: inout Int) {
        value = integer([name]) ?? value
    }

    mutating func read(_ name: String, into value: inout String) {
        value = text(name) ?? value
    }

    mutating func read(_ name: String, into value: inout Bool) {
        value = flag(name) ?? value
    }

    mutating func text(_ name: String...) -> String? {
        let text = checked(name) { $0.string(forKey: $1) }
        if let text, case .choice(let choices) = kind(name), !choices.contains(text) {
            findings.append(
                "\(name.joined(separator: ".")): \"\(text)\" is none of "
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

    mutating func list(_ name: String...) -> [String] {
        checked(name) { $0.stringArray(forKey: $1) } ?? []
    }

    private func kind(_ name: [String]) -> ConfigurationKey.Kind? {
        let path = name.count == 1 ? name[0].split(separator: ".").map(String.init) : name
        return ConfigurationKey.matching(path)?.kind
    }

    /// The reader answers nil for a value of another kind as for none; only none is all right.
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
                case .flag: "true or false"
                case .list: "a list"
                case .text, .choice, nil: "a text"
                }
            findings.append("\(name.joined(separator: ".")) must be \(expected).")
        }
        return nil
    }
}
