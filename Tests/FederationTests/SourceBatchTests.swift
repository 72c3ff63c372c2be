import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("5.2.16", "5.2.17", "5.6.7", "5.6.8", "5.6.9", "5.6.10", "5.6.20"))
struct SourceBatchTests {
    private typealias Sample = FederationSample

    private static let ids = ["urn:x:1", "urn:x:2"].map { EntityID($0) }

    private func outcomes(
        _ status: Int,
        _ json: JSONValue? = nil,
        to operation: DistributedOperation = .upsertBatch,
        of ids: [EntityID] = ids
    ) throws -> [BatchPartOutcome] {
        let answer = SourceAnswer(status: status, body: json?.serialized ?? [])
        return try SourceBatchAnswer(answer, to: operation).outcomes(of: ids)
    }

    @Test func `what is not said to be made was there`() throws {
        #expect(try outcomes(204) == [.changed, .changed])
        #expect(try outcomes(201, ["urn:x:2"]) == [.changed, .created])
        #expect(try outcomes(201) == [.created, .created])
        #expect(try outcomes(201, [], to: .createBatch) == [.created, .created])
        #expect(try outcomes(201, ["urn:x:9"]) == [.changed, .changed])
    }

    @Test func `each entity fails for itself`() throws {
        let result: JSONValue = [
            "success": ["urn:x:1"],
            "errors": [
                ["entityId": "urn:x:2", "error": ["status": 404, "title": "none"]],
                ["entityId": "urn:x:9", "error": ["status": 404]],
            ],
        ]
        #expect(try outcomes(207, result) == [.changed, .failed(.refused(status: 404))])
        #expect(try outcomes(207, result, to: .createBatch)[0] == .created)
        // What it says nothing of is not believed to be made.
        let nothing: JSONValue = ["success": [], "errors": []]
        #expect(try outcomes(207, nothing) == [.failed(.garbage), .failed(.garbage)])
    }

    @Test(arguments: [
        ("https://uri.etsi.org/ngsi-ld/errors/AlreadyExists", 409),
        ("https://uri.etsi.org/ngsi-ld/errors/BadRequestData", 400),
        ("https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound", 404),
        ("https://uri.etsi.org/ngsi-ld/errors/OperationNotSupported", 422), ("nonsense", 500),
    ])
    func `an error is known by its type, too`(type: String, status: Int) throws {
        let result: JSONValue = [
            "success": [], "errors": [["entityId": "urn:x:1", "error": ["type": .string(type)]]],
        ]
        let found = try outcomes(207, result, of: [Self.ids[0]])
        #expect(found == [.failed(.refused(status: status))])
        // A status that is none of an error is not believed.
        let odd: JSONValue = [
            "success": [],
            "errors": [
                ["entityId": "urn:x:1", "error": ["type": .string(type), "status": 204]]
            ],
        ]
        #expect(try outcomes(207, odd, of: [Self.ids[0]]) == found)
    }

    /// The second creation of one entity fails (clause 5.5.11.1).
    @Test(.clause("5.5.11")) func `of several about one entity the first is made`() throws {
        let result: JSONValue = [
            "success": ["urn:x:1"], "errors": [["entityId": "urn:x:1", "error": ["status": 409]]],
        ]
        let found = try outcomes(207, result, to: .createBatch, of: [Self.ids[0], Self.ids[0]])
        #expect(found == [.created, .failed(.refused(status: 409))])
    }

    @Test func `what is no answer to a batch is garbage`() {
        let bodies: [JSONValue] = [
            "text", 5, [5], ["success": []], ["errors": []], ["success": [5], "errors": []],
            ["success": [], "errors": [[:]]], ["success": [], "errors": "none"],
        ]
        for body in bodies {
            #expect(throws: SourceProblem.garbage) { try outcomes(207, body) }
        }
        #expect(throws: SourceProblem.garbage) { try outcomes(207) }
        #expect(throws: SourceProblem.refused(status: 403)) { try outcomes(403) }
        #expect(throws: SourceProblem.loop) { try outcomes(508) }
    }

    @Test func `a source that does not offer the batch makes it one by one`() {
        func singles(
            _ batch: SourceBatch,
            _ offered: Set<DistributedOperation>
        ) -> [DistributedOperation] {
            batch.singles(of: Sample.registration(operations: offered))
        }
        let all = Set(DistributedOperation.allCases)
        #expect(singles(.create, all) == [.createEntity])
        #expect(singles(.upsert(replaces: true), all) == [.createEntity, .replaceEntity])
        #expect(singles(.upsert(replaces: false), all) == [.createEntity, .updateEntity])
        #expect(singles(.upsert(replaces: true), [.updateEntity]) == [])
        #expect(singles(.update(overwrites: true), all) == [.updateEntity])
        #expect(singles(.update(overwrites: false), all) == [.appendAttrs])
        #expect(singles(.update(overwrites: false), [.updateEntity]) == [])
        #expect(singles(.delete, all) == [.deleteEntity])
        #expect(singles(.merge([]), all) == [.mergeEntity])
    }
}
