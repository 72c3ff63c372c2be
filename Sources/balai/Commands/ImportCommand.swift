import ArgumentParser
import Collect
import Foundation
import Gateway
import Outbound

/// `balai import`: imports data into a running hub over its API.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load files into a running hub.",
        discussion: """
            Loading the same file twice changes nothing; an interrupted import goes on where it \
            stopped. Bad rows are reported with their place while the others load.

            Exit codes: 0 everything loaded, 1 something did not, 66 a file cannot be read, 69 the \
            hub is away.
            """,
        subcommands: [GTFS.self, CSV.self, XLSX.self, GeoJSON.self, JSON.self]
    )

    /// `balai import gtfs`.
    struct GTFS: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load a GTFS feed: a folder of its files, or a ZIP archive."
        )

        @Argument(help: "The folder or archive.") var path: String
        @Option(help: "Name of the feed in identifiers; by default its file name.")
        var feed: String?
        @OptionGroup var options: ImportOptions

        func run() async throws {
            try await options.importing([path], mapping: "gtfs \(feed ?? "")") { path in
                try GTFSFeed(path: path, feed: feed)
            }
        }
    }

    /// `balai import csv`.
    struct CSV: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load a table as a map says; docs/collect.md describes maps."
        )

        @Argument(help: "The table.") var path: String?
        @Option(help: "The map (YAML).") var map: String
        @OptionGroup var options: ImportOptions

        func run() async throws {
            let yaml = try readable(map) { try String(contentsOfFile: map, encoding: .utf8) }
            let columns = try readable(map) { try ColumnMap(yaml: yaml, file: map) }
            try await options.importing([path], mapping: "csv \(yaml)") { path in
                try MappedTable(path: path, map: columns)
            }
        }
    }

    /// `balai import xlsx`.
    struct XLSX: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load a sheet of a workbook as a map says, like a table.",
            discussion: """
                Dates become texts such as 2026-01-31T08:00:00, which are read with `format: iso`.
                """
        )

        @Argument(help: "The workbook (.xlsx).") var path: String?
        @Option(help: "The map (YAML).") var map: String
        @Option(help: "The sheet; the first one, if none is given.") var sheet: String?
        @OptionGroup var options: ImportOptions

        func run() async throws {
            let yaml = try readable(map) { try String(contentsOfFile: map, encoding: .utf8) }
            let columns = try readable(map) { try ColumnMap(yaml: yaml, file: map) }
            try await options.importing([path], mapping: "xlsx \(sheet ?? "") \(yaml)") { path in
                try MappedTable(workbook: path, sheet: sheet, map: columns)
            }
        }
    }

    /// `balai import geojson`.
    struct GeoJSON: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "geojson",
            abstract: "Load GeoJSON: a collection, or a sequence with a feature on each line.",
            discussion: """
                Each feature becomes an entity, its properties attributes and its geometry `location`. \
                Other formats come by GDAL: ogr2ogr -t_srs EPSG:4326 -f GeoJSONSeq /dev/stdout FILE \
                | balai import geojson --type District --id 'urn:ngsi-ld:District:{code}' -
                """
        )

        @Argument(help: "The file; - for standard input.") var path: String?
        @Option(help: "The type; else the `type` among the properties of each feature.")
        var type: String?
        @Option(help: "The identifier, with properties in braces; else the `id` of each feature.")
        var id: String?
        @Option(help: "A map (YAML) of properties, in place of --type and --id.") var map: String?
        @OptionGroup var options: ImportOptions

        func validate() throws {
            guard map == nil || type == nil && id == nil else {
                throw ValidationError("The map has the type and the identifier.")
            }
        }

        func run() async throws {
            if let map {
                let yaml = try readable(map) { try String(contentsOfFile: map, encoding: .utf8) }
                let columns = try readable(map) { try ColumnMap(yaml: yaml, file: map) }
                return try await options.importing([path], mapping: "geojson \(yaml)") { path in
                    try FeatureFile(FileBytes(path: path), map: columns)
                }
            }
            let names = try readable("--id") { try FeatureNames(type: type, id: id) }
            let mapping = "geojson \(type ?? "") \(id ?? "")"
            try await options.importing([path], mapping: mapping) { path in
                try FeatureFile(FileBytes(path: path), names: names)
            }
        }
    }

    /// `balai import json`.
    struct JSON: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load NGSI-LD entities: one on each line, one object, or one JSON array.",
            discussion: """
                With --from, all that another broker has is copied by its API; an interrupted copy goes \
                on where it stopped.
                """,
            aliases: ["ngsild"]
        )

        @Argument(help: "The file.") var path: String?
        @Flag(help: "The file has temporal evolutions, as written by `balai export --history`.")
        var history = false
        @OptionGroup var copying: CopyOptions
        @OptionGroup var options: ImportOptions

        func run() async throws {
            if let from = copying.from {
                guard path == nil, !history, options.watch == nil else {
                    throw ValidationError("--from copies a broker, and reads no file.")
                }
                try await copying.copy(from, options)
            } else if history {
                try await options.importing([path], mapping: "history") { path in
                    try EvolutionFile(FileBytes(path: path))
                }
            } else {
                try await options.importing([path], mapping: "json") { path in
                    try EntityFile(FileBytes(path: path))
                }
            }
        }
    }
}

/// The options for the hub that a command calls.
struct RemoteHubOptions: ParsableArguments {
    @Option(
        name: .customLong("hub"),
        help: "The hub's address; by default, that of the hub running in the data folder."
    )
    var givenHub: String?
    @Option(
        help: "A token; else BALAI_TOKEN, else, for a hub on this machine, the data folder's."
    )
    var token: String?
    @Option(help: "The hub's data folder, if it is on this machine.") var data = "balai-data"
    @Option(help: "The tenant.") var tenant: String?

    /// The URL of the hub.
    var hub: String {
        givenHub ?? DataFolder(existing: data)?.address ?? "http://127.0.0.1:1026"
    }

    func connection(context: String? = nil) throws -> HTTPHub {
        HTTPHub(base: hub, token: try foundToken(), tenant: tenant, context: context)
    }

    private func foundToken() throws -> String? {
        if let token { return token }
        if let token = ProcessInfo.processInfo.environment["BALAI_TOKEN"], !token.isEmpty {
            return token
        }
        guard let token = try DataFolder(existing: data)?.existingOperatorToken() else {
            return nil
        }
        // The operator's token gives access to all data: it is not sent to other machines.
        guard Loopback.isLoopback(host: URLComponents(string: hub)?.host ?? "") else {
            throw StartError(
                .usage,
                "The operator's token in \(data) is for a hub on this machine, and \(hub) is not: "
                    + "give the token for it with --token or BALAI_TOKEN."
            )
        }
        return token
    }
}

/// The common options of all imports.
struct ImportOptions: ParsableArguments {
    @OptionGroup var remote: RemoteHubOptions
    @Option(help: "Address of the @context for names that bring none of their own.")
    var context: String?
    @Option(help: "Load every file put into this folder, until stopped.") var watch: String?
    @Flag(help: "Print the summary as JSON.") var json = false

    /// Imports the file, or the files of the watched folder when they arrive.
    func importing(
        _ paths: [String?],
        mapping: String,
        _ open: (String) throws -> some ImportSource
    ) async throws {
        let given = paths.compactMap(\.self)
        guard !given.isEmpty || watch != nil else {
            throw ValidationError("Give a file, or --watch with a folder.")
        }
        try await reportingErrors {
            let hub = try remote.connection(context: context)
            if watch == nil { try await Self.greet(hub) }
            var isWhole = true
            for path in given {
                isWhole = try await importOne(path, mapping, hub, open) && isWhole
            }
            if let watch { try await self.watch(watch, mapping, hub, open) }
            if !isWhole { throw ExitCode.failure }
        }
    }

    private static func greet(_ hub: HTTPHub) async throws {
        do { try await hub.greet() } catch HubFailure.stopped(let reason) {
            complain(reason)
            throw ExitCode(EX_UNAVAILABLE)
        }
    }

    /// Imports one file; true if everything was loaded.
    private func importOne(
        _ path: String,
        _ mapping: String,
        _ hub: HTTPHub,
        _ open: (String) throws -> some ImportSource
    ) async throws -> Bool {
        do {
            let isInput = path == "-"
            // What comes by a pipe comes once, so its place is no one else's to go on from.
            let file =
                isInput ? "\(UUID().uuidString)" : try ImportJournal.identity(ofFile: path)
            // The identity of the hub and not its address, which may change or belong to another
            // hub.
            let identity = try await hub.identity() ?? remote.hub
            let journal = ImportJournal(
                folder: Self.journalFolder(),
                identity: "\(identity)\n\(remote.tenant ?? "")\n\(file)\n\(mapping)"
            )
            var progress = ProgressLine(file: path)
            let tally = try await ImportRun(hub: hub, journal: journal).run(
                open(isInput ? "/dev/stdin" : path)
            ) {
                progress.show($0)
            }
            progress.clear()
            try ImportReport(file: path, tally: tally, seconds: progress.seconds).show(json: json)
            return tally.failures == 0
        } catch let error as SourceError {
            complain("\(error)")
            throw ExitCode(EX_NOINPUT)
        } catch HubFailure.stopped(let reason), HubFailure.refused(let reason) {
            complain("\(reason)\nThe accepted part is stored; repeat the command to continue.")
            throw ExitCode(EX_UNAVAILABLE)
        }
    }

    /// The folder for state by the rules of XDG, in which a relative path counts as not set.
    static func journalFolder(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> URL {
        func folder(_ variable: String) -> URL? {
            environment[variable].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
        }
        let home = folder("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
        let state = folder("XDG_STATE_HOME") ?? home.appending(path: ".local/state")
        return state.appending(path: "balai/imports")
    }
}

// MARK: - Watching

extension ImportOptions {
    static let watchSeconds = 2.0

    /// Loads each file of the folder when it has stopped growing, and moves it to `done`, or to
    /// `failed` when a part of it was not loaded.
    private func watch(
        _ folder: String,
        _ mapping: String,
        _ hub: HTTPHub,
        _ open: (String) throws -> some ImportSource
    ) async throws {
        let files = FileManager.default
        for name in ["done", "failed"] {
            try files.createDirectory(
                atPath: "\(folder)/\(name)",
                withIntermediateDirectories: true
            )
        }
        var before: [String: String] = [:]
        while !Task.isCancelled {
            var now: [String: String] = [:]
            for name in try files.contentsOfDirectory(atPath: folder).sorted()
            where !name.hasPrefix(".") && name != "done" && name != "failed" {
                let path = "\(folder)/\(name)"
                now[path] = try? ImportJournal.identity(ofFile: path)
                guard now[path] != nil, before[path] == now[path] else { continue }
                let isWhole = await taken(path, mapping, hub, open)
                guard let isWhole else { continue }
                let target = "\(folder)/\(isWhole ? "done" : "failed")/\(name)"
                try? files.removeItem(atPath: target)
                try files.moveItem(atPath: path, toPath: target)
                now[path] = nil
            }
            before = now
            try await Task.sleep(for: .seconds(Self.watchSeconds))
        }
    }

    /// Loads a file; false if a part was not loaded, nil if the hub cannot be reached, so that it
    /// is tried again.
    private func taken(
        _ path: String,
        _ mapping: String,
        _ hub: HTTPHub,
        _ open: (String) throws -> some ImportSource
    ) async -> Bool? {
        do { return try await importOne(path, mapping, hub, open) } catch {
            return (error as? ExitCode)?.rawValue == EX_UNAVAILABLE ? nil : false
        }
    }
}

// MARK: - Messages

/// Runs `body`; an error ends the command with a message.
private func readable<Content>(_ path: String, _ body: () throws -> Content) throws -> Content {
    do { return try body() } catch {
        complain((error as? SourceError)?.description ?? "`\(path)`: \(error.localizedDescription)")
        throw ExitCode(EX_NOINPUT)
    }
}

private func complain(_ text: String) {
    StandardError.write("balai: \(text)\n")
}
