import ContextModel
import NIOHTTP1

/// Reads the hub's data of the load.
struct StoredState: Sendable {
    let hub: RealHub
    let client: HubClient

    func entity(_ id: String) async throws -> KnownEntity {
        KnownEntity(attributes: try await attributes(id), values: try await values(id))
    }

    private func attributes(_ id: String) async throws -> [String: Int]? {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/entities/\(id)?options=keyValues",
            to: hub
        )
        if answer.status == 404 { return nil }
        let members = try answer.json.objectValue?.members ?? []
        return Dictionary(
            uniqueKeysWithValues: members.compactMap { key, value in
                value.numberValue.map { (key, Int($0.doubleValue)) }
            }
        )
    }

    /// The history of `value`, oldest first, without its ends at deletions.
    private func values(_ id: String) async throws -> [Int] {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/temporal/entities/\(id)?attrs=value&options=temporalValues"
                + "&timeproperty=modifiedAt&timerel=after&timeAt=2000-01-01T00:00:00Z",
            to: hub
        )
        if answer.status == 404 { return [] }
        let value = try answer.json.objectValue?["value"]?.objectValue
        return (value?["values"]?.arrayValue ?? []).compactMap {
            $0.arrayValue?.first?.numberValue.map { Int($0.doubleValue) }
        }
    }

    /// The values of a series that has one each second, oldest first.
    func series(_ id: String) async throws -> [Int] {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/temporal/entities/\(id)?attrs=value&options=temporalValues"
                + "&timerel=after&timeAt=1969-01-01T00:00:00Z",
            to: hub
        )
        if answer.status == 404 { return [] }
        let value = try answer.json.objectValue?["value"]?.objectValue
        return (value?["values"]?.arrayValue ?? []).enumerated().map { second, pair in
            let moment = pair.arrayValue?.last?.stringValue.flatMap { Timestamp($0) }
            guard moment?.microseconds == Int64(second) * 1_000_000 else { return -1 }
            return pair.arrayValue?.first?.numberValue?.intValue ?? -1
        }
    }

    /// The entities of a query that fit into a page.
    func ids(_ query: String) async throws -> [String] {
        let path = "/ngsi-ld/v1/entities?\(query)&limit=1000"
        let entities = try await client.send(.GET, path, to: hub).json.arrayValue ?? []
        return entities.compactMap { $0.objectValue?["id"]?.stringValue }
    }

    /// The number of entities that a query finds.
    func count(_ query: String) async throws -> Int? {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/entities?\(query)&count=true&limit=0",
            to: hub
        )
        return answer.headers.first(name: "NGSILD-Results-Count").flatMap { Int($0) }
    }
}
