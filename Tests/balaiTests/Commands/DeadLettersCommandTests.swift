import ArgumentParser
import ContextModel
import Testing

@testable import balai

struct DeadLettersCommandTests {
    @Test func `options that restrict the choice are in the request`() throws {
        let command = try ReplayDeadLetters.parse(["--subscription", "urn:s:1&x", "--owner", "a b"])
        #expect(command.options.query == "?subscription=urn%3As%3A1%26x&owner=a%20b")
        #expect(try DropDeadLetters.parse([]).options.query == "")
    }

    @Test func `a line has time, owner, reason and identifier`() {
        let letter: JSONObject = [
            "id": "1-2-urn:s", "subscriptionId": "urn:s", "reason": "The receiver answered 500.",
            "abandonedAt": "2026-01-01T00:00:00Z", "enqueuedAt": "2025-12-31T00:00:00Z",
            "owner": "traffic",
        ]
        #expect(
            ListDeadLetters.line(letter)
                == "2026-01-01T00:00:00Z\turn:s\ttraffic\tThe receiver answered 500.\t1-2-urn:s"
        )
    }
}
