package import ContextModel
import Federation
package import Governance
import Storage

extension Writing {
    /// Makes a change here and at the sources whose registrations match (clauses 5.6.1 to 5.6.6 and
    /// 5.6.11 to 5.6.19): `own` makes the hub's part, with the body that is left for it.
    ///
    /// What is held elsewhere alone is changed there and not here. A caller that may not write an
    /// entity here may not do so through here either. Throws what `own` throws where no source
    /// takes part, and the error of a change of a single part.
    package func distributed<Own: Sendable>(
        _ change: DistributedChange,
        _ forwarding: Forwarding?,
        caller: Caller,
        own: (JSONValue?) async throws -> Own
    ) async throws -> DistributedAnswer<Own> {
        guard let forwarding,
            let matches = try await reading.federating.matches(of: change, forwarding, caller)
        else { return DistributedAnswer(own: try await own(change.body)) }
        let attributes = try ChangeAttributes(change, forwarding.context)
        let isNew = [.createEntity, .upsertTemporal].contains(change.operation)
        let session = try await session(caller, makesTenant: isNew)
        // A history may be there of an entity that is of other types.
        let isHistory = change.operation.changesHistory
        let known = try await known(change, isNew: isNew, attributes, session)
        var entity = known ?? Entity(id: change.id, types: [])
        if isNew, !isHistory {
            entity.types += attributes.types.filter { !entity.types.contains($0) }
        }
        let plan = ProvisionPlan(
            change.operation,
            of: entity,
            saying: isHistory ? attributes.types : [],
            asked: change.types,
            naming: attributes.names,
            to: matches,
            via: forwarding.via
        )
        guard !plan.parts.isEmpty || !plan.refused.isEmpty else {
            return DistributedAnswer(own: try await own(change.body))
        }
        var answer = DistributedAnswer<Own>()
        let parts = try answer.allowed(of: plan, change, attributes, session)
        try await note(parts, of: entity, attributes, caller)
        let asking = reading.federating.asking(forwarding, caller)
        await answer.make(parts, of: change, attributes, asking)
        if plan.isOwn {
            do {
                answer.own = try await own(attributes.body(without: plan.removed))
            } catch let error as BrokerError {
                let names = (attributes.names ?? []).subtracting(plan.removed)
                answer.failOwn(
                    isHere: known != nil,
                    .init(
                        registration: nil,
                        attributes: names.sorted { $0.text < $1.text },
                        error: error
                    )
                )
            }
        }
        if change.instance != nil { answer.forgiveOthers() }
        if let error = answer.error { throw error }
        return answer
    }

    /// What the hub has of the changed entity; throws where the caller may not change it here.
    ///
    /// Whoever may not change histories at sources is told that, whether the hub has an entity that is hidden from it or
    /// none.
    private func known(
        _ change: DistributedChange,
        isNew: Bool,
        _ attributes: ChangeAttributes,
        _ session: WriteSession
    ) async throws -> Entity? {
        do {
            return try await session.entity(change.id, isNew: isNew)
        } catch let error as BrokerError
            where error.code == .resourceNotFound && change.operation.changesHistory
            && !session.mayChangeAny(change, attributes)
        {
            return nil
        }
    }

    /// Notes in the record whom sources are told of by their parts of a change.
    private func note(
        _ parts: [ProvisionPlan.Part],
        of entity: Entity,
        _ attributes: ChangeAttributes,
        _ caller: Caller
    ) async throws {
        var disclosures = SourceDisclosures(
            try await access.policy(of: caller.tenant).classification
        )
        guard disclosures.isNeeded else { return }
        for part in parts { disclosures.tell(part, of: entity, attributes) }
        try await SessionRecord(access.recorder, of: caller).note(disclosures)
    }
}

extension SourceDisclosures {
    /// Adds what a source is told of the entity by its part of a change.
    mutating func tell(
        _ part: ProvisionPlan.Part,
        of entity: Entity,
        _ attributes: ChangeAttributes
    ) {
        var told = entity
        told.types = Array(Set(part.possible.flatMap { $0.types ?? [] } + attributes.types))
        for named in attributes.values {
            // What is here and what comes instead may name different people.
            if let place = told.attributes.firstIndex(where: { $0.name == named.name }) {
                told.attributes[place].instances += named.instances
            } else {
                told.attributes.append(named)
            }
        }
        let names = (part.attributes ?? []).sorted { $0.text < $1.text }
        tell(part.registration, of: told, naming: names)
    }
}

extension DistributedAnswer {
    /// The parts of the plan that sources are to make; what they do not offer fails.
    ///
    /// Throws where the caller may not make the change at one of them. The paths of histories have no type
    /// selection, so a source could change the history of an entity of another type: at sources, only those change
    /// histories who may change any type. The parts of others fail, and what the hub has itself is changed.
    fileprivate mutating func allowed(
        of plan: ProvisionPlan,
        _ change: DistributedChange,
        _ attributes: ChangeAttributes,
        _ session: WriteSession
    ) throws(BrokerError) -> [ProvisionPlan.Part] {
        let all = plan.parts + plan.refused
        let (types, names) = (attributes.types, attributes.allNames)
        if change.operation.changesHistory {
            try session.requireVisible(names)
            guard session.mayChangeAny(change, attributes) else {
                for part in all { fail(part, .mayNotWriteAnyType(change.id)) }
                return []
            }
        } else {
            for possible in all.flatMap(\.possible) {
                try session.require(possible, adding: types, naming: names)
            }
        }
        for part in plan.refused { fail(part, .notOffered(change.operation, by: part)) }
        return plan.parts
    }

    /// Has sources make their parts, all at the same time.
    fileprivate mutating func make(
        _ parts: [ProvisionPlan.Part],
        of change: DistributedChange,
        _ attributes: ChangeAttributes,
        _ asking: SourceAsking?
    ) async {
        guard let asking else { return }
        let results = await asking.federating.results(
            of: parts,
            at: \.registration,
            asking.caller,
            isChange: true
        ) { (part) throws(SourceProblem) in
            try await asking.make(change, by: part, attributes.body(with: part.attributes))
        }
        for (part, result) in zip(parts, results) {
            switch result {
            case .success:
                sources += 1
                changed += (part.attributes ?? []).sorted { $0.text < $1.text }
            case .failure(let problem):
                hasHalfMade = hasHalfMade || problem == .refused(status: 207)
                fail(part, BrokerError(problem, of: part.registration))
            }
        }
    }

    fileprivate mutating func fail(_ part: ProvisionPlan.Part, _ error: BrokerError) {
        failures.append(
            Failure(
                registration: part.registration.id,
                attributes: (part.attributes ?? []).sorted { $0.text < $1.text },
                error: error
            )
        )
    }
}

extension WriteSession {
    /// Whether the change may be made of an entity of whatever types.
    fileprivate func mayChangeAny(
        _ change: DistributedChange,
        _ attributes: ChangeAttributes
    ) -> Bool {
        may(
            change: EntityAtSource(change.id, types: nil),
            adding: attributes.types,
            naming: attributes.allNames
        )
    }
}

extension Federating {
    /// The registrations that may be about the changed entity; nil when there are none.
    fileprivate func matches(
        of change: DistributedChange,
        _ forwarding: Forwarding,
        _ caller: Caller
    ) async throws -> [MatchedRegistration]? {
        guard asking(forwarding, caller) != nil else { return nil }
        let entities = [EntitySpecification(types: change.types, ids: [change.id])]
        let query = RegistrationQuery(
            entities: entities,
            times: change.operation.changesHistory ? .any : .latest
        )
        let found = try await matches(query, caller.tenant)
        return found.isEmpty ? nil : found
    }
}

extension SourceAsking {
    /// Has the source make its part of a change; throws when it does not make all of it.
    ///
    /// The body has the names of the `@context`, or of the caller's.
    func make(
        _ change: DistributedChange,
        by part: ProvisionPlan.Part,
        _ body: JSONValue?,
        in ld: LDContext? = nil
    ) async throws(SourceProblem) {
        let registration = part.registration
        let manner = try await manner(for: registration)
        var request = manner.request(change.operation, to: registration)
        let isNew = [.createEntity, .upsertTemporal].contains(change.operation)
        if !isNew, !change.operation.changesHistory,
            let types = part.types.typeSelection(in: manner.context)
        {
            request.parameters.append(KeyValuePair(key: "type", value: types))
        }
        request.parameters += change.parameters
        if !isNew { request.entityID = change.id }
        request.instance = change.instance
        if let attribute = change.attribute {
            request.attribute = manner.context.compact(forwarding.context.expand(attribute))
        }
        request.body = body.map {
            guard let ld else { return self.body($0, forwarding.context, manner, registration) }
            return self.body($0, ld, manner, registration)
        }
        let answer = try await self.answer(to: request)
        switch answer.status {
        case 207: throw .refused(status: 207)
        case 200..<300: return
        case 508: throw .loop
        default: throw .refused(status: answer.status)
        }
    }

    /// The body with names of the `@context`, which is named beside it, or put into it where it has
    /// no name, the source is addressed in another, or its registration asks for that.
    private func body(
        _ body: JSONValue,
        _ ld: LDContext,
        _ manner: SourceManner,
        _ registration: ContextSourceRegistration
    ) -> SourceRequest.Body {
        self.body(of: [(body, ld)], manner, registration) { $0[0] }
    }

    /// The body of a request to a source, made of parts whose names are compacted by their own `@context`s.
    func body(
        of parts: [(json: JSONValue, ld: LDContext)],
        _ manner: SourceManner,
        _ registration: ContextSourceRegistration,
        _ whole: ([JSONValue]) -> JSONValue
    ) -> SourceRequest.Body {
        let wantsInside = registration.info.contains {
            $0.key == "contentType" && $0.value == "application/ld+json"
        }
        let areNamed = parts.allSatisfy { part in
            part.json.objectValue == nil || part.ld.isCore
                || part.ld.url != nil && part.ld.url == manner.context.url
        }
        let isInside = wantsInside || !areNamed
        let jsons = parts.map { part in
            guard var object = part.json.objectValue else { return part.json }
            // Not in one expression: there nil would be a JSON null.
            if isInside {
                object["@context"] = part.ld.reference
            } else {
                object["@context"] = nil
            }
            return JSONValue.object(object)
        }
        return isInside && parts.contains { $0.json.objectValue != nil }
            ? .jsonLD(whole(jsons)) : .json(whole(jsons))
    }
}

extension BrokerError {
    fileprivate static func mayNotWriteAnyType(_ id: EntityID) -> BrokerError {
        BrokerError(
            .forbidden,
            "Your token does not allow writing '\(id)' at other sources, whatever its type is there."
        )
    }

    static func notOffered(
        _ operation: DistributedOperation,
        by part: ProvisionPlan.Part
    ) -> BrokerError {
        BrokerError(
            .conflict,
            "The source '\(part.registration.sourceName)' alone holds this, and does not offer "
                + "\(operation.rawValue)."
        )
    }

    /// The error for a part that a source did not make.
    init(_ problem: SourceProblem, of registration: ContextSourceRegistration) {
        let source = registration.sourceName
        guard case .refused(let status) = problem else {
            self.init(.sourceFailed, "\(problem.reason) It is '\(source)'.")
            return
        }
        switch status {
        case 207: self.init(.conflict, "The source '\(source)' has made a part of it alone.")
        case 400: self.init(.badRequestData, "The source '\(source)' cannot use the request.")
        case 401, 403: self.init(.forbidden, "The source '\(source)' does not allow this.")
        case 404: self.init(.resourceNotFound, "The source '\(source)' does not have it.")
        case 409: self.init(.alreadyExists, "The source '\(source)' has it already.")
        case 422: self.init(.operationNotSupported, "The source '\(source)' cannot do this.")
        default: self.init(.sourceFailed, "The source '\(source)' answered \(status).")
        }
    }
}
