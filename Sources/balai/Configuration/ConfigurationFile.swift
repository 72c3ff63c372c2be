import Configuration
import Foundation
import SystemPackage
import Yams

/// The sources of settings: command line, then environment, then file.
struct ConfigurationSources: Sendable {
    let reader: ConfigReader
    /// The names that the operator chose in the file, by section: `permissions`, `retention`.
    let names: [String: [String]]
    /// The errors in the names of keys.
    let findings: [String]

    /// What is written of the settings that need a restart, by their names.
    var waitingForRestart: [String: String] {
        var written: [String: String] = [:]
        for key in ConfigurationKey.all where key.needsRestart {
            let parts = key.name.split(separator: ".").map(String.init)
            let chosen = parts.contains("*") ? names[parts[0]] ?? [] : [""]
            for name in chosen {
                let path = parts.map { $0 == "*" ? name : $0 }
                written[path.joined(separator: ".")] = text(at: path)
            }
        }
        return written
    }

    private func text(at path: [String]) -> String? {
        let key = ConfigKey(path)
        return reader.string(forKey: key) ?? reader.int(forKey: key).map { "\($0)" }
            ?? reader.double(forKey: key).map { "\($0)" }
            ?? reader.bool(forKey: key).map { "\($0)" }
    }

    /// `commandLine` has values by the names of `ConfigurationKey`.
    init(
        file path: String?,
        environment: [String: String],
        commandLine: [String: ConfigValue] = [:]
    ) async throws(ConfigurationError) {
        var findings: [String] = []
        let own = Self.ownVariables(environment)
        findings += Self.unknownVariables(own)
        var providers: [any ConfigProvider] = [
            InMemoryProvider(
                name: "command line",
                values: Dictionary(
                    uniqueKeysWithValues: commandLine.map {
                        (AbsoluteConfigKey(ConfigKey($0.key)), $0.value)
                    }
                )
            ),
            EnvironmentVariablesProvider(environmentVariables: own),
        ]
        var paths: [[String]] = []
        if let path {
            paths = try Self.paths(inFile: path)
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(path)))
            } catch {
                throw ConfigurationError(findings: ["\(path): \(error)"])
            }
        }
        for keyPath in paths where ConfigurationKey.matching(keyPath) == nil {
            findings.append(Self.unknown(keyPath.joined(separator: ".")))
        }
        reader = ConfigReader(providers: providers)
        names = Self.names(paths)
        self.findings = findings
    }

    /// Those that begin with `BALAI_SOURCE_` are secrets of sources, and no settings.
    ///
    /// The variables without their prefix: `BALAI_LOG_LEVEL` becomes `LOG_LEVEL`, which the
    /// provider reads as `log.level`.
    private static func ownVariables(_ environment: [String: String]) -> [String: String] {
        var own: [String: String] = [:]
        for (name, value) in environment
        where name.hasPrefix("BALAI_") && !name.hasPrefix("BALAI_SOURCE_") {
            own[String(name.dropFirst("BALAI_".count))] = value
        }
        return own
    }

    private static func unknownVariables(_ own: [String: String]) -> [String] {
        let known = Set(
            ConfigurationKey.all.map(\.name).filter { !$0.contains("*") }.map(variable)
        )
        return own.keys.sorted().filter { !known.contains($0) }.map { name in
            let nearest =
                known.min {
                    let (a, b) = (
                        ConfigurationKey.distance($0, name), ConfigurationKey.distance($1, name)
                    )
                    return (a, $0) < (b, $1)
                } ?? ""
            return "Environment: there is no setting BALAI_\(name); nearest: BALAI_\(nearest)."
        }
    }

    /// The variable of a key: `LIMITS_MAXIMUM_BODY_BYTES` for `limits.maximumBodyBytes`.
    static func variable(_ key: String) -> String {
        var name = ""
        var previous: Character = "."
        for letter in key {
            if previous.isLowercase, letter.isUppercase { name += "_" }
            name += letter == "." ? "_" : letter.uppercased()
            previous = letter
        }
        return name
    }

    static func unknown(_ written: String) -> String {
        "There is no setting \"\(written)\"; nearest: \"\(ConfigurationKey.nearest(to: written))\"."
    }

    private static func names(_ paths: [[String]]) -> [String: [String]] {
        var names: [String: [String]] = [:]
        for path in paths where path.count == 3 {
            if names[path[0]]?.contains(path[1]) == true { continue }
            names[path[0], default: []].append(path[1])
        }
        return names
    }

    /// The path of every value in the file.
    private static func paths(inFile path: String) throws(ConfigurationError) -> [[String]] {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ConfigurationError(findings: ["\(path) cannot be read."])
        }
        do {
            guard let root = try Yams.compose(yaml: text) else { return [] }
            return leaves(root, at: [])
        } catch {
            throw ConfigurationError(findings: ["\(path) is not YAML: \(error)"])
        }
    }

    private static func leaves(_ node: Node, at path: [String]) -> [[String]] {
        guard case .mapping(let mapping) = node else { return [path] }
        return mapping.flatMap { key, value in leaves(value, at: path + [key.string ?? "?"]) }
    }
}
