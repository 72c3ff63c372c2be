import Broker
import Clauses
import HTTPTypes
import Testing

@testable import Gateway

@Suite(.clause("6.3.17")) struct WarningsTests {
    private func lines(_ warnings: [AnswerWarning]) -> [String] {
        var headers = HTTPFields()
        headers.append(warnings)
        return headers[values: .warning]
    }

    @Test func `a complete answer has no warning`() {
        #expect(lines([]).isEmpty)
    }

    @Test func `each missing part has a line with its source and reason`() {
        let warnings = [
            AnswerWarning(source: "hub-b", reason: "It did not answer in time."),
            AnswerWarning(source: "urn:x:c", reason: "It refused."),
        ]
        #expect(
            lines(warnings) == [
                #"199 hub-b "It did not answer in time.""#, #"199 urn:x:c "It refused.""#,
            ]
        )
    }

    @Test func `a source's text ends neither its quotation nor its line`() {
        let warning = AnswerWarning(source: "a b\"", reason: "\"x\\\r\nSet-Cookie: é")
        #expect(lines([warning]) == [#"199 ab "\"x\\??Set-Cookie: ?""#])
    }
}
