import Broker
import ContextModel
import Governance
import Services
import Testing

@Suite struct ServiceDocumentsTests {
    private let city = CityHub([LampReports()])

    private var documents: ServiceDocuments { city.context(of: LampReports()).documents }

    @Test func `a document of a service stays until the service removes it`() async throws {
        #expect(try await documents.document("a") == nil)
        try await documents.keep(["n": 1], as: "a")
        try await documents.keep(["n": 2], as: "a")
        try await documents.keep("text", as: "b/c")
        #expect(try await documents.document("a") == ["n": 2])
        #expect(try await documents.names(limit: 10) == ["a", "b/c"])
        #expect(try await documents.remove("a"))
        #expect(try await !documents.remove("a"))
        #expect(try await documents.names(limit: 10) == ["b/c"])
    }

    @Test func `each service has its own documents`() async throws {
        let other = city.context(of: LampReports(name: "other")).documents
        try await documents.keep(1, as: "a")
        #expect(try await other.document("a") == nil)
        #expect(try await other.names(limit: 10).isEmpty)
        #expect(try await !other.remove("a"))
    }

    @Test func `a document that is too long is refused`() async throws {
        let long = JSONValue.string(String(repeating: "x", count: ServiceDocuments.maximumBytes))
        await #expect(throws: BrokerError.self) { try await documents.keep(long, as: "a") }
        let name = String(repeating: "n", count: ServiceDocuments.maximumNameBytes + 1)
        await #expect(throws: BrokerError.self) { try await documents.keep(1, as: name) }
    }

    @Test func `one document too many is refused, and present ones can change`() async throws {
        for number in 0..<ServiceDocuments.maximumCount {
            try await documents.keep(1, as: "\(number)")
        }
        await #expect(throws: BrokerError.self) { try await documents.keep(1, as: "more") }
        try await documents.keep(2, as: "7")
        #expect(try await documents.document("7") == 2)
    }
}
