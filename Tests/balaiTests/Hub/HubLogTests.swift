import Foundation
import Logging
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

    @Test func `whatever a client sends stays on one line`() throws {
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
