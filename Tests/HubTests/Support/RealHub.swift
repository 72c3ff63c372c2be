import AsyncHTTPClient
import ContextModel
import Foundation
import NIOCore
import NIOHTTP1
import Processes
import Testing

/// A hub in a process of its own, ready on a free port.
///
/// It is open: everybody is the operator, and notifications may go to this machine.
final class RealHub: Sendable {
    let process: ChildProcess
    let url: String
    var port: Int { Int(url.split(separator: ":").last ?? "") ?? 0 }

    /// Starts a hub on the folder; the settings are named as in the environment.
    init(
        folder: TestFolder,
        program: String? = nil,
        settings: [String: String] = [:],
        arguments: [String] = ["--open"]
    ) async throws {
        process = try ChildProcess(
            program: program,
            ["serve", "--data", folder.data, "--port", "0"] + arguments,
            environment: settings,
            log: folder.log
        )
        let line = await process.line(with: "ready ")
        let ready = try #require(line, "the hub does not start: \(process.errors)")
        url = String(try #require(ready.wholeMatch(of: /ready (https?:\S+)/)?.output.1))
    }

    deinit { process.send(SIGKILL) }

    /// Stops the hub as an operator does.
    func stop(_ signal: Int32 = SIGTERM) async -> ChildProcess.Ending {
        process.send(signal)
        return await process.ended()
    }

    /// Kills the hub, as a power failure does.
    func kill() async {
        process.send(SIGKILL)
        _ = await process.ended()
    }
}

/// An answer of a hub.
struct HubAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    var isGood: Bool { (200..<300).contains(status) }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { get throws { try JSONReader.read(body) } }
}

/// Sends requests to hubs that may stop at any moment.
struct HubClient: Sendable {
    private let client: HTTPClient

    /// Runs `body` with a client and shuts the client down afterwards.
    static func with<Answer>(
        _ body: (HubClient) async throws -> Answer
    ) async throws -> Answer {
        var configuration = HTTPClient.Configuration()
        // A hub that is gone does not return: its successor listens on another port.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(configuration: configuration)
        do {
            let answer = try await body(HubClient(client: client))
            try await client.shutdown()
            return answer
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    /// Sends a request; the path may have a query.
    func send(
        _ method: HTTPMethod = .GET,
        _ path: String,
        to hub: RealHub,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) async throws -> HubAnswer {
        try await send(method, at: hub.url + path, headers: headers, body: body)
    }

    /// Creates entities in one batch, and requires that all of them were created.
    func create(_ entities: [JSONValue], at hub: RealHub) async throws {
        let answer = try await send(
            .POST,
            "/ngsi-ld/v1/entityOperations/create",
            to: hub,
            headers: [("Content-Type", "application/json")],
            body: JSONValue.array(entities).serialized
        )
        try #require(answer.status == 201)
    }

    /// Sends a request to anybody; redirects are not followed.
    func send(
        _ method: HTTPMethod = .GET,
        at url: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) async throws -> HubAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return HubAnswer(
            status: Int(response.status.code),
            headers: response.headers,
            body: Array(bytes.readableBytesView)
        )
    }

    /// Sends JSON.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        to hub: RealHub,
        json: JSONValue
    ) async throws -> HubAnswer {
        try await send(
            method,
            path,
            to: hub,
            headers: [("Content-Type", "application/json")],
            body: json.serialized
        )
    }
}

/// A test's own folder, removed when nothing refers to it any more.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "balai-hub-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The folder of the hub's data.
    var data: String { path + "/data" }
    /// The standard error of hubs on this folder.
    var log: String { path + "/log" }
}
