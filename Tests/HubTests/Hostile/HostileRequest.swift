import ContextModel
import NIOHTTP1
import Testing

/// A request that must be refused clearly.
struct HostileRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var method = HTTPMethod.POST
    var path = "/ngsi-ld/v1/entities"
    var contentType = "application/json"
    var body: [UInt8]?
    var status = 400
    /// The texts that the answer's `detail` must have: the member, and the reason in the client's
    /// words.
    var says: [String]

    var testDescription: String { name }

    /// A body that is text.
    static func body(
        _ name: String,
        _ text: String,
        says: String...,
        status: Int = 400
    ) -> HostileRequest {
        HostileRequest(name: name, body: Array(text.utf8), status: status, says: says)
    }

    /// An entity with one attribute.
    static func attribute(_ name: String, _ json: String, says: String...) -> HostileRequest {
        let text = #"{"id": "urn:x:1", "type": "T", "speed": \#(json)}"#
        return HostileRequest(name: name, body: Array(text.utf8), says: says)
    }

    /// A query of entities, with the parameters as in the URL.
    static func query(
        _ parameters: String,
        says: String...,
        status: Int = 400
    ) -> HostileRequest {
        HostileRequest(
            name: String(parameters.prefix(80)),
            method: .GET,
            path: "/ngsi-ld/v1/entities?\(parameters)",
            status: status,
            says: says
        )
    }

    /// A temporal query, with the parameters as in the URL.
    static func temporal(_ parameters: String, says: String...) -> HostileRequest {
        HostileRequest(
            name: "temporal \(parameters.prefix(80))",
            method: .GET,
            path: "/ngsi-ld/v1/temporal/entities?\(parameters)",
            says: says
        )
    }

    /// Sends it as written here; returns the answer.
    func send(to hub: RealHub) async throws -> HubAnswer {
        try await hub.request(method, path, contentType: body.map { _ in contentType }, body: body)
    }

    /// Checks that the answer is problem details with the texts.
    func check(_ answer: HubAnswer) {
        #expect(answer.status == status, "\(name): \(answer.text)")
        // For 415 the standard has the status alone (clause 6.3.4).
        if says.isEmpty { return #expect(answer.body.isEmpty, "\(name): \(answer.text)") }
        guard let problem = try? answer.json.objectValue else {
            Issue.record("\(name) is answered without problem details: \(answer.text)")
            return
        }
        #expect(problem["title"]?.stringValue?.isEmpty == false, "\(name)")
        #expect(problem["type"]?.stringValue?.isEmpty == false, "\(name)")
        let detail = problem["detail"]?.stringValue ?? ""
        for words in says {
            #expect(detail.contains(words), "\(name) is answered \(detail)")
        }
    }
}
