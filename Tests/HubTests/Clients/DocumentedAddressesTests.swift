import Foundation
import NIOHTTP1
import Processes
import Testing

/// The addresses in the pages about looking, asked of the demo city as they stand there.
@Suite(.timeLimit(.minutes(5))) struct DocumentedAddressesTests {
    private static let hub = "http://localhost:1026"
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..")

    @Test(arguments: ["grafana", "looking"])
    func `each address of a page is answered, with data`(page: String) async throws {
        let path = Self.repository.appending(path: "docs/\(page).md")
        let addresses = try String(contentsOf: path, encoding: .utf8)
            .split(separator: "\n").filter { $0.hasPrefix(Self.hub) }
            .map { Self.filled($0.dropFirst(Self.hub.count)) }
        try #require(addresses.count >= 4)
        let folder = try TestFolder()
        let demo = try ChildProcess(
            ["demo", "--data", folder.data, "--port", "0"],
            log: folder.log
        )
        let ready = try #require(await demo.line(with: "ready "), "\(demo.errors)")
        let port = try #require(ready.split(separator: ":").last.flatMap { Int($0) })
        try await HubClient.with { client in
            let url = "http://127.0.0.1:\(port)"
            try await Self.waitForHistory(client, url)
            for address in addresses {
                let answer = try await client.send(.GET, at: url + address)
                #expect(answer.status == 200, "\(address): \(answer.text.prefix(500))")
                #expect(answer.body.count > 100, "\(address): \(answer.text)")
            }
        }
        demo.send(SIGTERM)
        #expect(await demo.ended() == .exited(0))
    }

    /// The address with the dashboard's range: the last day.
    private static func filled(_ address: Substring) -> String {
        let (now, day) = (Date.now, TimeInterval(86_400))
        let fillings = [
            ("${__from:date:iso}", (now - day).ISO8601Format()),
            ("${__to:date:iso}", now.ISO8601Format()),
            ("${__from:date:YYYY-MM-DD}", String((now - day).ISO8601Format().prefix(10))),
            ("${__to:date:YYYY-MM-DD}", String((now + day).ISO8601Format().prefix(10))),
        ]
        return fillings.reduce(String(address)) { $0.replacing($1.0, with: $1.1) }
    }

    /// The demo writes the last day's history after it has started, and readings of the present before.
    private static func waitForHistory(_ client: HubClient, _ url: String) async throws {
        let time = (Date.now - 43_200).ISO8601Format()
        let path =
            "/ngsi-ld/v1/temporal/entities?type=AirQualityObserved&attrs=pm25&format=csv"
            + "&timerel=before&timeAt=\(time)"
        var count = 0
        while count < 10, !Task.isCancelled {
            let answer = try await client.send(.GET, at: url + path)
            count = answer.text.split(whereSeparator: \.isNewline).count
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
