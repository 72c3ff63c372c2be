import ContextModel
import NIOHTTP1
import Testing

/// Entities that fill a hub's disk.
struct Filling {
    let hub: RealHub
    let client: HubClient
    /// The length of each.
    var textBytes = 100_000

    /// Creates entities until one is refused; returns the numbers of those accepted.
    func fill(from start: Int = 0, upTo end: Int) async throws -> [Int] {
        for number in start..<end where try await create(number).status != 201 {
            return Array(start..<number)
        }
        return Array(start..<end)
    }

    func create(_ number: Int) async throws -> HubAnswer {
        try await client.send(
            .POST,
            "/ngsi-ld/v1/entities",
            to: hub,
            json: [
                "id": .string("urn:x:\(number)"), "type": "Filling",
                "number": .number(JSONNumber(number)),
                "text": .string(String(repeating: "x", count: textBytes)),
            ]
        )
    }

    /// Requests a change of a missing entity, which writes nothing.
    func changeUnknown() async throws -> HubAnswer {
        try await client.send(
            .PATCH,
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Note:none/attrs/text",
            to: hub,
            json: ["value": "x"]
        )
    }

    /// The numbers of the present entities.
    func found() async throws -> [Int] {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/entities?type=Filling&pick=number&options=keyValues&limit=1000",
            to: hub
        )
        #expect(answer.status == 200)
        return try answer.json.arrayValue?.compactMap {
            $0.objectValue?["number"]?.numberValue?.intValue
        } ?? []
    }

    func health() async throws -> Int {
        try await client.send(.GET, "/health", to: hub).status
    }

    func healthPage() async throws -> String {
        try await client.send(.GET, "/hub", to: hub).text
    }
}
