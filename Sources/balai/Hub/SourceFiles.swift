import Broker
import Collect
import Foundation

extension HubRun {
    /// Takes up the sources that are defined in files, in the place of those that files defined
    /// before.
    ///
    /// Throws `StartError` for a file that cannot be used, and what the store throws.
    func takeUpSources(_ configuration: HubConfiguration, in hub: Hub) async throws {
        let files = try SourceFiles.read(configuration.sourcesFolder)
        for (name, definition) in files {
            do throws(BrokerError) { try hub.sourcing.check(definition, of: name) } catch {
                throw StartError(.usage, error.detail)
            }
        }
        try await hub.sourcing.adopt(files)
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
