package import Broker
import Collect
import ContextModel
import Foundation
import Governance
import Hummingbird
import Logging
import Synchronization

extension RouteTable {
    /// Adds the routes for files, which are imported as by `balai import`.
    ///
    /// They are not part of the standard.
    package mutating func addImportRoutes(
        _ hub: Hub,
        _ settings: ImportSettings,
        _ registry: MetricRegistry = MetricRegistry()
    ) {
        let desk = ImportDesk(hub: hub, settings: settings, metrics: ImportMetrics(registry))
        add(
            ImportDesk.description(
                "gtfs",
                "Load a GTFS feed",
                [QueryParameter("feed", "What identifiers call the feed", isRequired: true)],
                accepts: ["application/zip", "application/octet-stream"]
            )
        ) { request, context in
            let feed = try ImportDesk.plainName("feed", of: request)
            return try await desk.take(request, context, as: "feed.zip") { path in
                try GTFSFeed(path: path, feed: feed, memory: settings.memory)
            }
        }
        add(
            ImportDesk.description(
                "csv",
                "Load a table by a map",
                ImportMap.parameters,
                accepts: ["text/csv", "application/octet-stream"]
            )
        ) { request, context in
            let map = try await desk.map(of: request, context)
            return try await desk.take(request, context, as: "table.csv") { path in
                try settings.table(path, map: map)
            }
        }
        addWorkbookImport(desk, settings)
        addFeatureImport(desk, settings)
        addEntityImports(desk)
    }

    private mutating func addWorkbookImport(_ desk: ImportDesk, _ settings: ImportSettings) {
        let workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        add(
            ImportDesk.description(
                "xlsx",
                "Load a sheet of a workbook by a map",
                ImportMap.parameters + [
                    QueryParameter("sheet", "The name of the sheet; the first one without")
                ],
                accepts: [workbook, "application/octet-stream"]
            )
        ) { request, context in
            let map = try await desk.map(of: request, context)
            let sheet = request.uri.queryParameters.get("sheet")
            return try await desk.take(request, context, as: "workbook.xlsx") { path in
                try settings.workbook(path, sheet: sheet, map: map)
            }
        }
    }

    private mutating func addFeatureImport(_ desk: ImportDesk, _ settings: ImportSettings) {
        add(
            ImportDesk.description(
                "geojson",
                "Load a file of GeoJSON features",
                [
                    QueryParameter(
                        "type",
                        "The type of all; without, each feature's property type"
                    ),
                    QueryParameter("id", "The identifier, with properties in braces"),
                ] + ImportMap.parameters,
                accepts: [
                    "application/geo+json", "application/geo+json-seq", "application/octet-stream",
                ]
            )
        ) { request, context in
            let query = request.uri.queryParameters
            let (type, id) = (query.get("type"), query.get("id"))
            if let map = try await ImportMap(request, desk.hub, context) {
                guard type == nil, id == nil else {
                    throw BrokerError(.badRequestData, "A map has the type and the identifier.")
                }
                return try await desk.take(request, context, as: "features.geojson") { path in
                    try settings.features(path, map: map)
                }
            }
            return try await desk.take(request, context, as: "features.geojson") { path in
                try FeatureFile(FileBytes(path: path), names: FeatureNames(type: type, id: id))
            }
        }
    }

    private mutating func addEntityImports(_ desk: ImportDesk) {
        let accepts = ["application/x-ndjson", "application/json", "application/octet-stream"]
        add(
            ImportDesk.description("entities", "Load a file of entities", [], accepts: accepts)
        ) { request, context in
            try await desk.take(request, context, as: "entities.json") { path in
                try EntityFile(FileBytes(path: path))
            }
        }
        add(
            ImportDesk.description("history", "Load a file of evolutions", [], accepts: accepts)
        ) { request, context in
            try await desk.take(request, context, as: "history.json") { path in
                try EvolutionFile(
                    FileBytes(path: path),
                    maximumBytes: ImportSettings.maximumEvolutionBytes
                )
            }
        }
    }
}

/// Imports files on request, up to a number at a time.
final class ImportDesk: Sendable {
    let hub: Hub
    private let settings: ImportSettings
    private let metrics: ImportMetrics
    private let atWork: Mutex<PartyShares>

    init(hub: Hub, settings: ImportSettings, metrics: ImportMetrics) {
        self.hub = hub
        self.settings = settings
        self.metrics = metrics
        atWork = Mutex(PartyShares(capacity: settings.maximumAtOnce))
    }

    static func description(
        _ kind: String,
        _ summary: String,
        _ query: [QueryParameter],
        accepts: [String]
    ) -> RouteDescription {
        RouteDescription(
            .post,
            "/hub/imports/\(kind)",
            .contextInformation,
            summary,
            query: query,
            accepts: accepts,
            answers: "application/json"
        )
    }

    /// The map that a table needs; throws when the request has none.
    func map(of request: Request, _ context: GatewayContext) async throws -> ImportMap {
        if let map = try await ImportMap(request, hub, context) { return map }
        return .named(try Self.plainName("map", of: request))
    }

    /// A parameter with a name, which must not be a path.
    static func plainName(_ parameter: String, of request: Request) throws -> String {
        let name = request.uri.queryParameters.get(parameter) ?? ""
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/) != nil else {
            throw BrokerError(
                .badRequestData,
                "'\(parameter)' is a name of letters, digits, '-', '_' and '.', not '\(name)'."
            )
        }
        return name
    }

    /// Imports the body as a file and returns the summary.
    func take(
        _ request: Request,
        _ context: GatewayContext,
        as name: String,
        _ open: @Sendable (String) throws -> some ImportSource
    ) async throws -> Response {
        // A caller without the right to write is refused before the file is read.
        let caller = try context.caller(of: request, on: hub)
        try await hub.access.require(.write, caller)
        let sharer = caller.sharer
        try begin(sharer)
        defer { atWork.withLock { $0.giveBack(sharer) } }
        // Files are written and read by blocking calls, and rows are mapped one after the other.
        return try await hub.longWork.run(for: sharer) {
            try await load(request, caller, context, as: name, open)
        }
    }

    private func load(
        _ request: Request,
        _ caller: Caller,
        _ context: GatewayContext,
        as name: String,
        _ open: (String) throws -> some ImportSource
    ) async throws -> Response {
        let file = try await UploadedFile(
            request,
            name: name,
            in: settings.spoolFolder,
            limit: settings.maximumBytes
        )
        defer { file.remove() }
        do {
            let destination = BrokerDestination(hub: hub, caller: caller) {
                context.denials?.note(.forbidden, request.head, context)
            }
            let tally = try await ImportRun(hub: destination).run(open(file.path))
            log(tally, of: name, caller, context)
            return .json(tally.json, status: tally.failures == 0 ? .ok : .multiStatus)
        } catch let error as SourceError {
            throw refusal(.badRequestData, file.plain(error.description), of: name, caller, context)
        } catch HubFailure.stopped(let reason) {
            throw refusal(.overloaded, reason, of: name, caller, context)
        } catch HubFailure.full(let reason) {
            throw refusal(.storageFull, reason, of: name, caller, context)
        }
    }

    // MARK: Log

    private func log(
        _ tally: ImportTally,
        of name: String,
        _ caller: Caller,
        _ context: GatewayContext
    ) {
        metrics.finished(tally)
        context.logger.info(
            "a file was imported",
            metadata: [
                "file": "\(name)", "party": "\(caller.party.text)",
                "records": "\(tally.records)", "entities": "\(tally.entities)",
                "readings": "\(tally.readings)", "failures": "\(tally.failures)",
            ]
        )
    }

    private func refusal(
        _ code: BrokerError.Code,
        _ reason: String,
        of name: String,
        _ caller: Caller,
        _ context: GatewayContext
    ) -> BrokerError {
        metrics.refused()
        context.logger.notice(
            "an import failed",
            metadata: [
                "file": "\(name)", "party": "\(caller.party.text)", "reason": "\(reason)",
            ]
        )
        return BrokerError(code, reason)
    }

    private func begin(_ sharer: Sharer) throws {
        guard atWork.withLock({ $0.takeIfFair(sharer) }) else {
            throw BrokerError(
                .overloaded,
                "Too many of your files are being read; send it again later."
            )
        }
    }
}

extension ImportTally {
    /// The summary, as `balai import --json` prints it.
    fileprivate var json: JSONValue {
        func number(_ count: Int) -> JSONValue { .number(JSONNumber(count)) }
        return [
            "records": number(records), "entities": number(entities),
            "readings": number(readings), "failures": number(failures),
            "problems": .array(problems.map(\.json)),
            "danglingReferences": number(danglingReferences),
            "danglingExamples": .array(danglingExamples.map(\.json)),
        ]
    }
}

extension RowProblem {
    fileprivate var json: JSONValue {
        var json: JSONObject = [
            "file": .string(file), "line": .number(JSONNumber(line)),
        ]
        json["column"] = column.map { .number(JSONNumber($0.number)) }
        json["columnName"] = column?.name.map { .string($0) }
        json["reason"] = .string(reason)
        return .object(json)
    }
}
