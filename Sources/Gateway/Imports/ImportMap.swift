import Broker
import Collect
import Foundation
import Hummingbird

/// The map of a file that is sent: one of the hub's, or one that comes with the file.
enum ImportMap: Sendable {
    /// `NAME.map.yaml` in the folder of maps.
    case named(String)
    /// The text of a map, in YAML.
    case sent(String)

    /// The most bytes of a map that is sent.
    static let maximumBytes = 16_384

    static let parameters = [
        QueryParameter("map", "The name of a map of the hub"),
        QueryParameter(
            "definition",
            "A map (YAML) in place of a named one, from those who run the hub"
        ),
    ]

    /// Reads the parameters; nil when the request has none of them.
    ///
    /// A map that is sent is from who runs the hub: YAML of others is not read.
    init?(_ request: Request, _ hub: Hub, _ context: GatewayContext) async throws {
        let query = request.uri.queryParameters
        guard let text = query.get("definition") else {
            guard query.get("map") != nil else { return nil }
            self = .named(try ImportDesk.plainName("map", of: request))
            return
        }
        guard query.get("map") == nil else {
            throw BrokerError(.badRequestData, "A file has one map: 'map' or 'definition'.")
        }
        try await hub.access.require(.administer, context.caller(of: request, on: hub))
        guard text.utf8.count <= Self.maximumBytes else {
            throw BrokerError(
                .badRequestData,
                "definition: A map that is sent has at most \(Self.maximumBytes) bytes."
            )
        }
        self = .sent(text)
    }
}

extension ImportSettings {
    /// The table for the map; the lookup table of a named one is in the same folder.
    func table(_ path: String, map: ImportMap) throws -> MappedTable {
        let (map, open) = try columnMap(map)
        return try MappedTable(FileBytes(path: path), map: map, memory: memory, open: open)
    }

    /// The features for the map.
    func features(_ path: String, map: ImportMap) throws -> FeatureFile {
        try FeatureFile(FileBytes(path: path), map: try columnMap(map).0)
    }

    /// The sheet for the map.
    func workbook(
        _ path: String,
        sheet: String?,
        map: ImportMap
    ) throws -> MappedTable {
        let (map, open) = try columnMap(map)
        return try MappedTable(workbook: path, sheet: sheet, map: map, memory: memory, open: open)
    }

    /// A map, and what opens its lookup table.
    private func columnMap(
        _ map: ImportMap
    ) throws -> (ColumnMap, (String) throws(SourceError) -> any ByteSource) {
        switch map {
        case .sent(let yaml):
            return (
                try ColumnMap(yaml: yaml, file: "definition"),
                { (_) throws(SourceError) in
                    throw SourceError("A map that is sent has no lookup table.")
                }
            )
        case .named(let name):
            let file = "\(name).map.yaml"
            guard let folder = mapsFolder, FileBytes.exists("\(folder)/\(file)") else {
                throw BrokerError(.resourceNotFound, "The hub has no map '\(name)'.")
            }
            let yaml = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            return (
                try ColumnMap(yaml: yaml, file: file),
                { (lookup) throws(SourceError) in try FileBytes(path: "\(folder)/\(lookup)") }
            )
        }
    }
}
