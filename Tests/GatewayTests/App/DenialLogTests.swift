import Broker
import Governance
import HTTPTypes
import Hummingbird
import Logging
import NIOEmbedded
import Synchronization
import Testing

@testable import Gateway

@Suite struct DenialLogTests {
    @Test func `a denial names party, method and path, and neither query nor token`() throws {
        let lines = LogLines()
        let request = HTTPRequest(
            method: .patch,
            scheme: nil,
            authority: nil,
            path: "/ngsi-ld/v1/entities/urn:a?q=secret",
            headerFields: [.authorization: "Bearer secret"]
        )
        let log = DenialLog()
        log.note(.forbidden, request, lines.context(.named(PartyID("traffic"))))
        log.note(.resourceNotFound, request, lines.context(.anonymous))
        let line = try #require(lines.all.first)
        #expect(lines.all.count == 1)
        #expect(line.contains("party=traffic"))
        #expect(line.contains("method=PATCH"))
        #expect(line.contains("path=/ngsi-ld/v1/entities/urn:a"))
        #expect(!line.contains("secret"))
    }

    @Test func `repeated denials do not fill the log`() {
        let lines = LogLines()
        let request = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/")
        let log = DenialLog()
        let start = ContinuousClock.now
        for _ in 0..<1_000 {
            log.note(.unauthenticated, request, lines.context(.anonymous), now: start)
        }
        #expect(lines.all.count == DenialLog.linesAtOnce)
        log.note(.forbidden, request, lines.context(.named(PartyID("traffic"))), now: start)
        #expect(lines.all.last?.contains("party=traffic") == true)
        let later = start + DenialLog.interval
        log.note(.unauthenticated, request, lines.context(.anonymous), now: later)
        #expect(lines.all.last?.contains("leftOut=\(1_000 - DenialLog.linesAtOnce)") == true)
    }
}

/// The log, line by line.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    /// The context of a request of the party with this log.
    func context(_ party: Party) -> GatewayContext {
        let logger = Logger(label: "test") { _ in Handler(lines: self) }
        var context = GatewayContext(
            source: .init(channel: EmbeddedChannel(), logger: logger)
        )
        context.caller = Caller(party: party)
        return context
    }

    private func add(_ line: String) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
            lines.add("\(event.message) \(fields.joined(separator: " "))")
        }
    }
}
