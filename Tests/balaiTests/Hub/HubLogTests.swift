import ContextModel
import Foundation
import Gateway
import Logging
import Synchronization
import Testing

@testable import balai

@Suite struct HubLogTests {
    private let moment = Date(timeIntervalSince1970: 0)

    @Test func `a line for people has time, level, message and fields`() {
        let line = HubLog.line(
            .text,
            level: .info,
            label: "balai",
            message: "request",
            fields: [("path", "/a"), ("status", "200")],
            at: moment
        )
        #expect(line == "1970-01-01T00:00:00Z info request path=/a status=200")
    }

    @Test func `metadata is formatted only for a line that is written`() {
        let carried = Carried()
        var logger = Logger(label: "balai") {
            HubLog(label: $0, format: .text, threshold: LogThreshold(.error))
        }
        logger[metadataKey: "hb.request.id"] = .stringConvertible(carried)
        logger.info("not written")
        #expect(carried.timesAsked.load(ordering: .relaxed) == 0)
        logger.error("written")
        #expect(carried.timesAsked.load(ordering: .relaxed) == 1)
    }

    private final class Carried: CustomStringConvertible, Sendable {
        let timesAsked = Atomic(0)
        var description: String {
            timesAsked.add(1, ordering: .relaxed)
            return "carried"
        }
    }

    @Test func `a warning is noted for the page Health, too`() {
        let start = Timestamp(microseconds: 0)
        let health = HealthLog(registry: MetricRegistry(), version: "1", startedAt: start)
        let notes = ErrorNoteHandler(label: "balai", log: health) { start }
        let logger = Logger(label: "balai") {
            HubLog(label: $0, format: .text, threshold: LogThreshold(.info), notes: notes)
        }
        logger.warning("the disk is nearly full")
        let errors = health.summary(withMeasures: true, withErrors: true).errors
        #expect(errors?.map(\.text) == ["the disk is nearly full"])
    }

    @Test func `input from clients stays on one line`() throws {
        for format in [LogFormat.text, .json] {
            let line = HubLog.line(
                format,
                level: .info,
                label: "balai",
                message: "a\nb\r\n\"c\"",
                fields: [("path", "/x\n1970 error forged")],
                at: moment
            )
            #expect(!line.contains { $0.isNewline })
        }
    }

    @Test func `a line for programs is a JSON object`() throws {
        let line = HubLog.line(
            .json,
            level: .error,
            label: "balai",
            message: "say \"no\"",
            fields: [("n", "1")],
            at: moment
        )
        let members = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(members["message"] == "say \"no\"")
        #expect(members["level"] == "error")
        #expect(members["data.n"] == "1")
    }
}
