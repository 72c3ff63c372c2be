import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A hub that two parties share, each with a token and every right on the data; others may read.
final class SharedHub: Sendable {
    /// A party and its token.
    struct Tenancy: Sendable {
        var name: String
        var token: String
    }

    private static func configuration(maps folder: String) -> String {
        """
        contexts: {allowPrivateAddresses: true}
        limits: {maximumWaitingNotifications: 1000}
        imports: {maps: "\(folder)"}
        public: {types: ["*"]}
        permissions:
          city: {actions: [read, write, subscribe], types: ["*"]}
          hostile: {actions: [read, write, subscribe], types: ["*"]}
        """
    }

    /// The name of a column map that the hub has.
    static let map = "readings"
    private static let columns = """
        type: Bad
        id: "urn:ngsi-ld:Bad:{id}"
        attributes:
          value: {column: value, as: number}
        """

    let folder: TestFolder
    let hub: RealHub
    let city: Tenancy
    let hostile: Tenancy

    init() async throws {
        folder = try TestFolder()
        let file = folder.path + "/hub.yaml"
        let maps = folder.path + "/maps"
        try FileManager.default.createDirectory(atPath: maps, withIntermediateDirectories: true)
        for (path, text) in [
            (file, Self.configuration(maps: maps)), ("\(maps)/\(Self.map).map.yaml", Self.columns),
        ] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        city = try await Self.tenancy("city", folder)
        hostile = try await Self.tenancy("hostile", folder)
        hub = try await RealHub(
            folder: folder,
            arguments: ["--config", file, "--log-level", "error"]
        )
    }

    private static func tenancy(_ name: String, _ folder: TestFolder) async throws -> Tenancy {
        let process = try ChildProcess(
            ["token", "add", name, "--data", folder.data],
            log: folder.log
        )
        let token = await process.line()
        _ = await process.ended()
        return Tenancy(name: name, token: try #require(token, "\(process.errors)"))
    }

    /// The most memory that the hub has used so far.
    var peakMebibytes: Int {
        get throws {
            let path = "/proc/\(hub.process.id)/status"
            let status = try String(contentsOfFile: path, encoding: .utf8)
            let peak = status.firstMatch(of: /VmHWM:\s*(\d+) kB/)?.output.1
            return try #require(peak.flatMap { Int($0) }) / 1_024
        }
    }
}

/// A client of the shared hub with a party's token.
struct Party: Sendable {
    let shared: SharedHub
    let client: HubClient
    let tenancy: SharedHub.Tenancy

    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ json: JSONValue? = nil
    ) async throws -> HubAnswer {
        try await send(method, path, json?.serialized, "application/json")
    }

    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: [UInt8]?,
        _ type: String
    ) async throws -> HubAnswer {
        var headers = [("Authorization", "Bearer \(tenancy.token)")]
        if body != nil { headers.append(("Content-Type", type)) }
        return try await client.send(method, path, to: shared.hub, headers: headers, body: body)
    }

    /// Sends a request that must succeed.
    func require(_ method: HTTPMethod, _ path: String, _ json: JSONValue) async throws {
        let answer = try await send(method, path, json)
        #expect(answer.isGood, "\(method) \(path.prefix(80)): \(answer.status) \(answer.text)")
    }

    /// Runs the body this many times, some at once.
    func times(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= 16 { try await group.next() }
                group.addTask { try await body(number) }
            }
            try await group.waitForAll()
        }
    }

    /// Subscribes to entities of the type; `members` are added to the subscription.
    func subscribe(
        to type: String,
        at receiver: String,
        _ members: JSONObject = [:],
        timeoutSeconds: Int = 50
    ) async throws {
        var body = members
        body["type"] = "Subscription"
        body["entities"] = [["type": .string(type)]]
        body["notification"] = [
            "format": "simplified",
            "endpoint": [
                "uri": .string(receiver), "timeout": .number(JSONNumber(timeoutSeconds * 1_000)),
            ],
        ]
        try await require(.POST, "/ngsi-ld/v1/subscriptions", .object(body))
    }
}
