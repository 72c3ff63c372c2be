import Broker
import Clauses
import ContextModel
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("5.5.2", "5.5.3", "6.3.2", "6.3.3")) struct ProblemDetailsTests {
    @Test(arguments: BrokerError.Code.allCases)
    func `every error has a status of its family, a type and a title`(code: BrokerError.Code) {
        let problem = ProblemDetails(BrokerError(code, "Why."))
        #expect((400...599).contains(problem.status.code))
        #expect(
            problem.type == "about:blank"
                || problem.type.hasPrefix("https://uri.etsi.org/ngsi-ld/errors/")
        )
        #expect(!problem.title.isEmpty)
        #expect(problem.json["detail"] == "Why.")
    }

    @Test(
        arguments: [
            ("full", 507, nil), ("busy", 503, "1"), ("damaged", 500, nil), ("missing", 404, nil),
            ("surprise", 500, nil), ("slow", 403, nil), ("plenty", 403, nil),
        ] as [(String, Int, String?)]
    )
    func `an error becomes its status and does not reveal its note`(
        how: String,
        status: Int,
        retryAfter: String?
    ) async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/fails/\(how)", method: .get)
            #expect(answer.status.code == status)
            #expect(answer.headers[.retryAfter] == retryAfter)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(try answer.json["status"]?.numberValue?.intValue == status)
            let text = String(buffer: answer.body)
            #expect(!text.contains("secret") && !text.contains("Surprise"))
        }
    }

    @Test func `an unknown error has a reference number`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/fails/x", method: .get)
            let detail = try answer.json["detail"]?.stringValue ?? ""
            #expect(detail.contains(try Regex("under [0-9a-f]+\\.")), "\(detail)")
        }
    }

    @Test func `a party that writes too much learns when to come back`() {
        let answer = ProblemDetails(BrokerError(.tooManyRequests, "Slow down.")).response
        #expect(answer.status == .tooManyRequests)
        #expect(answer.headers[.retryAfter] == "1")
    }
}
