package import ContextModel

/// What became of one entity of a batch at a source.
package enum BatchPartOutcome: Sendable, Equatable {
    /// It was made there.
    case created
    /// It was changed or deleted there.
    case changed
    case failed(SourceProblem)
}

/// What a source answers to a batch (clauses 5.2.16 and 6.14 to 6.17).
package struct SourceBatchAnswer: Sendable, Equatable {
    private var created: [String: Int] = [:]
    /// Whether all that are not said to be created were.
    private var createsRest = false
    /// What failed, by entity, with a status for each element.
    private var failures: [String: [Int]] = [:]
    private var successes: [String: Int]?

    /// Throws `refused` where all of it was refused, and `garbage` for what is no such answer.
    package init(
        _ answer: SourceAnswer,
        to operation: DistributedOperation
    ) throws(SourceProblem) {
        switch answer.status {
        case 508: throw .loop
        case 200..<300: break
        default: throw .refused(status: answer.status)
        }
        createsRest = operation.makesEntities
        guard !answer.body.isEmpty else {
            guard answer.status != 207 else { throw .garbage }
            createsRest = createsRest || answer.status == 201
            return
        }
        let json: JSONValue
        do throws(JSONError) { json = try JSONReader.read(answer.body) } catch { throw .garbage }
        switch json {
        case .array(let ids):
            for id in ids {
                guard let id = id.stringValue else { throw .garbage }
                created[id, default: 0] += 1
            }
        case .object(let result): try take(result)
        default: throw .garbage
        }
    }

    /// Takes a BatchOperationResult.
    private mutating func take(_ result: JSONObject) throws(SourceProblem) {
        guard let errors = result["errors"]?.arrayValue,
            let success = result["success"]?.arrayValue
        else { throw .garbage }
        successes = [:]
        for id in success {
            guard let id = id.stringValue else { throw .garbage }
            successes?[id, default: 0] += 1
        }
        for error in errors {
            guard let entry = error.objectValue, let id = entry["entityId"]?.stringValue else {
                throw .garbage
            }
            failures[id, default: []].append(Self.status(of: entry["error"]?.objectValue))
        }
    }

    /// What became of the entities, in the order in which they were sent.
    ///
    /// Of several elements about one entity the first ones are taken to have succeeded, as they are
    /// processed in their order (clause 5.5.11).
    package func outcomes(of ids: [EntityID]) -> [BatchPartOutcome] {
        var rest = self
        var counts: [EntityID: Int] = [:]
        for id in ids { counts[id, default: 0] += 1 }
        return ids.map { id in
            counts[id, default: 0] -= 1
            return rest.next(id.uri, andMore: counts[id] ?? 0)
        }
    }

    /// What became of the next element about an entity that has `more` after it.
    private mutating func next(_ id: String, andMore more: Int) -> BatchPartOutcome {
        if let first = failures[id]?.first, more < failures[id]?.count ?? 0 {
            failures[id]?.removeFirst()
            return .failed(.refused(status: first))
        }
        if let count = successes?[id] {
            guard count > 0 else { return .failed(.garbage) }
            successes?[id] = count - 1
            return createsRest ? .created : .changed
        }
        // It tells of others, and nothing of this one.
        if successes != nil { return .failed(.garbage) }
        if let count = created[id], count > 0 {
            created[id] = count - 1
            return .created
        }
        return createsRest ? .created : .changed
    }

    /// The status of an error (RFC 7807), or the one that its type has (clause 6.3.2).
    private static func status(of error: JSONObject?) -> Int {
        if let status = error?["status"]?.numberValue?.intValue, 400..<600 ~= status {
            return status
        }
        switch error?["type"]?.stringValue?.split(separator: "/").last {
        case "InvalidRequest", "BadRequestData": return 400
        case "AlreadyExists", "Conflict": return 409
        case "OperationNotSupported": return 422
        case "ResourceNotFound", "NoMultiTenantSupport", "NonexistentTenant": return 404
        default: return 500
        }
    }
}
