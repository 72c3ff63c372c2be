package import ContextModel
package import Federation
package import Governance
import Storage

extension Writing {
    /// One entity of a batch, with its `@context`; a deletion has no body.
    package typealias BatchElement = (id: EntityID?, json: JSONValue?, ld: LDContext)

    /// Makes a batch of changes here and at the sources whose registrations match (clauses 5.6.7 to
    /// 5.6.10 and 5.6.20): `own` makes the hub's part.
    ///
    /// Each source gets its parts of all entities as one batch. An entity is told of as written
    /// when all its parts were.
    package func distributedBatch(
        _ operation: DistributedOperation,
        _ elements: [BatchElement],
        parameters: [KeyValuePair] = [],
        _ forwarding: Forwarding?,
        caller: Caller,
        own: ([BatchElement]) async throws -> BatchResult
    ) async throws -> BatchResult {
        guard let forwarding, let asking = reading.federating.asking(forwarding, caller),
            try await reading.federating.hasRegistrations(caller.tenant)
        else { return try await own(elements) }
        let session = try await session(caller)
        var batch = SplitBatch(operation, parameters)
        for element in elements {
            try await batch.add(element, for: asking, by: session)
        }
        guard !batch.isOwnAlone else { return try await own(elements) }
        var result = await batch.ask(asking)
        if !batch.own.isEmpty { result.add(try await own(batch.own)) }
        return result.withoutFailed
    }
}

/// The parts of a batch.
private struct SplitBatch {
    private struct Group {
        var registration: ContextSourceRegistration
        var elements: [Writing.BatchElement] = []
    }
    private let operation: DistributedOperation
    private let parameters: [KeyValuePair]
    /// What the hub makes itself.
    private(set) var own: [Writing.BatchElement] = []
    /// In the order in which the sources were first needed.
    private var groups: [Group] = []
    private var result = BatchResult()

    init(_ operation: DistributedOperation, _ parameters: [KeyValuePair]) {
        self.operation = operation
        self.parameters = parameters
    }

    /// Whether no source takes part.
    var isOwnAlone: Bool { groups.isEmpty && result.errors.isEmpty }

    mutating func add(
        _ element: Writing.BatchElement,
        for asking: SourceAsking,
        by session: WriteSession
    ) async throws {
        guard let id = element.id, URIText.isValid(id.uri) else { return own.append(element) }
        let change = DistributedChange(operation, of: id, body: element.json)
        // What cannot be read fails in the hub's own part.
        guard let attributes = try? ChangeAttributes(change, element.ld) else {
            return own.append(element)
        }
        let types = attributes.types.map { Condition.type($0) }
        let entities = [
            EntitySpecification(types: types.isEmpty ? .everything : .any(types), ids: [id])
        ]
        let matches = try await asking.federating.matches(
            RegistrationQuery(entities: entities),
            asking.caller.tenant
        )
        guard !matches.isEmpty else { return own.append(element) }
        var entity = Entity(id: id, types: attributes.types)
        entity.types += try await session.types(of: id) ?? []
        let plan = ProvisionPlan(
            operation,
            of: entity,
            naming: attributes.names,
            to: matches,
            via: asking.forwarding.via
        )
        do {
            for part in plan.parts + plan.refused {
                try session.require(part, of: entity, attributes.names ?? [])
            }
        } catch let error as BrokerError {
            return result.errors.append((id, error))
        }
        for part in plan.refused {
            result.errors.append((id, .notOffered(operation, by: part)))
        }
        for part in plan.parts {
            let body = attributes.body(with: part.attributes)
            let place = groups.firstIndex { $0.registration.id == part.registration.id }
            if place == nil { groups.append(Group(registration: part.registration)) }
            groups[place ?? groups.count - 1].elements.append((id, body, element.ld))
        }
        if plan.isOwn {
            own.append((id, attributes.body(without: plan.removed), element.ld))
        }
    }

    /// Asks all sources at the same time.
    func ask(_ asking: SourceAsking) async -> BatchResult {
        var result = result
        await withTaskGroup(of: BatchResult.self) { group in
            for part in groups {
                group.addTask { [operation, parameters] in
                    let ids = part.elements.compactMap(\.id)
                    let answer = await asking.federating.result(
                        of: part.registration,
                        asking.caller
                    ) { () throws(SourceProblem) in
                        try await asking.batch(
                            operation,
                            part.elements,
                            parameters,
                            at: part.registration
                        )
                    }
                    switch answer {
                    case .success(let result): return result
                    case .failure(let problem):
                        var result = BatchResult()
                        let error = BrokerError(problem, of: part.registration)
                        result.errors = ids.map { ($0, error) }
                        return result
                    }
                }
            }
            for await part in group { result.add(part) }
        }
        return result
    }
}

extension Federating {
    /// Whether anything is registered in the tenant.
    fileprivate func hasRegistrations(_ tenant: TenantName?) async throws -> Bool {
        try await !registrations.view(of: tenant).index.isEmpty
    }
}

extension SourceAsking {
    /// Has a source make its part of a batch.
    fileprivate func batch(
        _ operation: DistributedOperation,
        _ elements: [Writing.BatchElement],
        _ parameters: [KeyValuePair],
        at registration: ContextSourceRegistration
    ) async throws(SourceProblem) -> BatchResult {
        let manner = try await manner(for: registration)
        var request = manner.request(operation, to: registration)
        request.parameters += parameters
        if operation == .deleteBatch {
            request.body = .json(.array(elements.compactMap { $0.id.map { .string($0.uri) } }))
        } else {
            request.body = body(elements, manner)
        }
        let answer = try await client.answer(
            to: request,
            maximumBytes: FederationLimits.maximumAnswerBytes,
            for: caller.sharer
        )
        let ids = elements.compactMap(\.id)
        var result = BatchResult()
        switch answer.status {
        case 207: result.read(answer.body, of: ids, registration)
        case 201:
            let told = (try? JSONReader.read(answer.body))?.arrayValue?.compactMap(\.stringValue)
            let created = Set(told ?? ids.map(\.uri))
            result.created = ids.filter { created.contains($0.uri) }
            result.changed = ids.filter { !created.contains($0.uri) }
        case 200..<300: result.changed = ids
        case 508: throw .loop
        default: throw .refused(status: answer.status)
        }
        return result
    }

    /// The entities with one `@context` beside them, or each with its own inside.
    private func body(
        _ elements: [Writing.BatchElement],
        _ manner: SourceManner
    ) -> SourceRequest.Body {
        let isNamed = elements.allSatisfy { element in
            element.ld.url == manner.context.url && element.ld.url != nil
                || element.ld.isCore && manner.context.isCore
        }
        let bodies = elements.compactMap { element -> JSONValue? in
            guard var object = element.json?.objectValue else { return nil }
            object["@context"] = isNamed ? nil : element.ld.reference
            return .object(object)
        }
        return isNamed ? .json(.array(bodies)) : .jsonLD(.array(bodies))
    }
}

extension BatchResult {
    /// Reads a partial success (clause 5.2.16): what it does not name as a success has failed.
    fileprivate mutating func read(
        _ body: [UInt8],
        of ids: [EntityID],
        _ registration: ContextSourceRegistration
    ) {
        let json = (try? JSONReader.read(body))?.objectValue
        let told = Set(json?["success"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        var statuses: [String: Int] = [:]
        for entry in json?["errors"]?.arrayValue ?? [] {
            guard let entry = entry.objectValue, let id = entry["entityId"]?.stringValue else {
                continue
            }
            statuses[id] = entry["error"]?.objectValue?["status"]?.numberValue?.intValue
        }
        for id in ids {
            if told.contains(id.uri) {
                changed.append(id)
            } else {
                let problem = SourceProblem.refused(status: statuses[id.uri] ?? 207)
                errors.append((id, BrokerError(problem, of: registration)))
            }
        }
    }

    fileprivate mutating func add(_ other: BatchResult) {
        created += other.created.filter { !created.contains($0) }
        changed += other.changed.filter { !changed.contains($0) }
        errors += other.errors
    }

    /// The result without the entities of which a part failed among those that were written.
    fileprivate var withoutFailed: BatchResult {
        var result = self
        let failed = Set(errors.compactMap(\.id))
        let isNew = Set(created)
        result.created.removeAll(where: failed.contains)
        result.changed.removeAll { failed.contains($0) || isNew.contains($0) }
        return result
    }
}
