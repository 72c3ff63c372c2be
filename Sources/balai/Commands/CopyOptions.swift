import ArgumentParser
import Collect
import Foundation
import Outbound

/// The options of `balai import ngsild --from`: the broker that is copied.
struct CopyOptions: ParsableArguments {
    @Option(
        help: """
            The address of another broker, of NGSI-LD or NGSIv2, whose entities, histories and \
            subscriptions are copied.
            """
    )
    var from: String?
    @Option(help: "A token for that broker; else BALAI_FROM_TOKEN.") var fromToken: String?
    @Option(help: "The tenant there (of NGSIv2: the service).") var fromTenant: String?
    @Flag(help: "Copied subscriptions notify at once; otherwise they are paused.")
    var activateSubscriptions = false

    /// What a copy tells in JSON.
    private struct Report: Encodable {
        var failures: Int
        var lines: [String]
    }

    /// Copies the broker at the address into the hub of the options.
    func copy(_ from: String, _ options: ImportOptions) async throws {
        try await reportingErrors {
            do {
                let hub = try options.remote.connection()
                try await hub.greet()
                let copy = try await self.copy(from, into: hub, options.remote)
                var progress = ProgressLine(file: from)
                let outcome = try await copy.run { progress.show($1) }
                progress.clear()
                if options.json {
                    try printJSON(Report(failures: outcome.failures, lines: outcome.lines))
                } else {
                    for line in outcome.lines { try StandardOutput.line(line) }
                }
                if outcome.failures > 0 { throw ExitCode.failure }
            } catch HubFailure.stopped(let reason), HubFailure.refused(let reason) {
                StandardError.write(
                    "balai: \(reason)\nWhat was read is kept; repeat the command to continue.\n"
                )
                throw ExitCode(EX_UNAVAILABLE)
            }
        }
    }

    private func copy(
        _ from: String,
        into hub: HTTPHub,
        _ remote: RemoteHubOptions
    ) async throws -> BrokerCopy {
        let given = fromToken ?? ProcessInfo.processInfo.environment["BALAI_FROM_TOKEN"]
        let token = given.flatMap { $0.isEmpty ? nil : $0 }
        var headers = [("Fiware-ServicePath", "/#")]
        if let fromTenant { headers.append(("Fiware-Service", fromTenant)) }
        let source = try await BrokerReader.probe(
            HTTPHub(base: from, token: token, tenant: fromTenant),
            older: HTTPHub(base: from, token: token, headers: headers)
        )
        let target = try await hub.identity() ?? remote.hub
        let identity = "copy \(target)\n\(remote.tenant ?? "")\n\(from)\n\(fromTenant ?? "")"
        let name = "copy-\(ImportJournal.name(of: identity))"
        return BrokerCopy(
            source: source,
            hub: hub,
            folder: ImportOptions.journalFolder().appending(path: name),
            identity: identity,
            activatesSubscriptions: activateSubscriptions
        )
    }
}
