import ArgumentParser
import Configuration
import Foundation

/// The options of every command that runs or checks a hub.
struct HubOptions: ParsableArguments, Sendable {
    @Option(help: "Folder for the hub's data; created if need be.")
    var data: String?

    @Option(help: "Port to listen on; 0 takes any free one.")
    var port: Int?

    @Option(help: "Address to listen on.")
    var host: String?

    @Option(help: "Configuration file (YAML); docs/configuration.md lists the settings.")
    var config: String?

    @Option(help: "trace, debug, info, notice, warning or error.")
    var logLevel: String?

    /// The configuration from command line, environment and file.
    func configuration(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(ConfigurationError) -> HubConfiguration {
        var values: [String: ConfigValue] = [:]
        values["data"] = data.map { ConfigValue(.string($0), isSecret: false) }
        values["host"] = host.map { ConfigValue(.string($0), isSecret: false) }
        values["port"] = port.map { ConfigValue(.int($0), isSecret: false) }
        values["log.level"] = logLevel.map { ConfigValue(.string($0), isSecret: false) }
        return try HubConfiguration(
            await ConfigurationSources(
                file: config,
                environment: environment,
                commandLine: values
            )
        )
    }
}

/// Runs `body`; an error becomes a line on standard error and an exit code.
func reportingErrors(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as ConfigurationError {
        complain(error.findings)
        throw ExitCode(EX_CONFIG)
    } catch let error as StartError {
        complain([error.description])
        throw ExitCode(error.exitCode)
    } catch let error as BackupError {
        complain([error.description])
        throw ExitCode(error.exitCode)
    } catch let error as OutputError {
        // When the reader of the output has ended, there is no message, as with programs that end
        // by SIGPIPE.
        if error.isClosed { throw ExitCode(128 + SIGPIPE) }
        complain([error.description])
        throw ExitCode(EX_IOERR)
    }
}

private func complain(_ lines: [String]) {
    let text = lines.map { "balai: \($0)\n" }.joined()
    StandardError.write(text)
}

extension StartError {
    /// The matching code of sysexits.h.
    var exitCode: Int32 {
        switch code {
        case .usage: EX_USAGE
        case .address: EX_UNAVAILABLE
        case .folder: EX_CANTCREAT
        case .database: EX_IOERR
        case .permissions: EX_NOPERM
        }
    }
}
