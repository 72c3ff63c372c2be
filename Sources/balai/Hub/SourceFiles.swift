import Broker
import Collect
import Foundation

extension HubRun {
    /// The sources that are defined in files, which can all be used.
    ///
    /// Throws `StartError` for a file that cannot be used.
    func checkedSources(
        of configuration: HubConfiguration,
        for hub: Hub
    ) throws -> [SourceName: String] {
        let files = try SourceFiles.read(configuration.sourcesFolder)
        for (name, definition) in files {
            do throws(BrokerError) { try hub.sourcing.check(definition, of: name) } catch {
                throw StartError(.usage, error.detail)
            }
        }
        return files
    }
}

/// The definitions of sources in a folder.
enum SourceFiles {
    private static let ending = ".source.yaml"

    /// The definitions by their names; none without a folder.
    ///
    /// Throws `StartError` for a folder or a file that cannot be read.
    static func read(_ folder: String?) throws -> [SourceName: String] {
        guard let folder else { return [:] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw StartError(.usage, "The folder \(folder) cannot be read (sources.folder).")
        }
        var files: [SourceName: String] = [:]
        for file in names.sorted() where file.hasSuffix(ending) {
            guard let name = SourceName(String(file.dropLast(ending.count))) else {
                throw StartError(
                    .usage,
                    "\(folder)/\(file): a source's name has lower-case letters, digits and '-'."
                )
            }
            guard let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            else {
                throw StartError(.usage, "\(folder)/\(file) cannot be read.")
            }
            files[name] = text
        }
        return files
    }
}

extension HubConfiguration {
    /// What finds the secrets of sources.
    var sourceSecrets: SourceSecrets {
        SourceSecrets(folder: secretsFolder, environment: ProcessInfo.processInfo.environment)
    }
}
