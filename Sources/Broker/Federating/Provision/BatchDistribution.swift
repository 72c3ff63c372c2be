import ContextModel
import Federation
import Governance
import Storage

/// One entity of a batch as sources may take part in its change.
struct BatchElement: Sendable {
    let id: EntityID
    let attributes: ChangeAttributes
    /// The `@context` of its names.
    let ld: LDContext

    init(_ input: BatchInput) {
        id = input.id
        attributes = ChangeAttributes(input.fragment, body: input.json, input.ld)
        ld = input.ld
    }

    /// Of a batch that deletes.
    init(deleting id: EntityID) {
        self.id = id
        attributes = ChangeAttributes()
        ld = .core
    }
}

/// What the hub itself makes of an element of a batch.
struct BatchOwnPart: Sendable {
    var index: Int
    /// The attributes that it does not hold itself.
    var removed: Set<IRI> = []
}

/// Which sources make which elements of a batch, and what is left for the hub.
struct BatchDistribution: Sendable {
    /// An element at one source.
    struct Item: Sendable {
        var index: Int
        var part: ProvisionPlan.Part
    }
    /// The elements of one source.
    struct Share: Sendable {
        var registration: ContextSourceRegistration
        var items: [Item]
        /// The operations by which it makes them one by one; empty where it makes them as one batch.
        var singles: [DistributedOperation]
    }

    let batch: SourceBatch
    let elements: [BatchElement]
    let asking: SourceAsking
    let disclosures: SourceDisclosures
    /// In the order in which the sources were registered.
    let shares: [Share]
    /// Failures before anybody was asked, by element.
    let failures: [Int: [BatchError]]
    /// What the hub makes itself.
    let own: [BatchOwnPart]
    /// The elements that the hub has itself, of those of which sources have parts.
    let here: Set<Int>
}

extension Writing {
    /// Who makes which part of a batch; nil where no source takes part.
    ///
    /// An element that the caller may not change here, or at one of the sources, is made by nobody.
    func distribution(
        of batch: SourceBatch,
        _ elements: @autoclosure () -> [BatchElement],
        _ forwarding: Forwarding?,
        _ session: WriteSession,
        _ caller: Caller
    ) async throws -> BatchDistribution? {
        guard let forwarding, try await reading.federating.hasSources(caller.tenant),
            let asking = reading.federating.asking(forwarding, caller)
        else { return nil }
        let elements = elements()
        let known = try await session.entities(elements.map(\.id))
        let matches = try await reading.federating.matches(
            zip(elements, known).map { element, known in
                let types = (known.entity?.types ?? []) + element.attributes.types
                return RegistrationQuery(entities: [
                    EntitySpecification(
                        types: types.isEmpty ? .everything : .any(of: types.map { .type($0) }),
                        ids: [element.id]
                    )
                ])
            },
            caller.tenant
        )
        guard matches.contains(where: { !$0.isEmpty }) else { return nil }
        let policy = try await access.policy(of: caller.tenant)
        var planner = BatchPlanner(batch, elements, session, policy.classification)
        for index in elements.indices where !matches[index].isEmpty {
            planner.plan(index, known[index], matches[index], via: forwarding.via)
        }
        return planner.distribution(asking)
    }
}

/// Plans a batch element by element.
private struct BatchPlanner {
    private let batch: SourceBatch
    private let elements: [BatchElement]
    private let session: WriteSession
    private var disclosures: SourceDisclosures
    /// By registration, in the order in which they were met.
    private var items: [[BatchDistribution.Item]] = []
    private var places: [String: Int] = [:]
    private var failures: [Int: [BatchError]] = [:]
    private var plans: [Int: ProvisionPlan] = [:]
    /// Elements of which nothing is made.
    private var refused: Set<Int> = []
    private var known: [Int: Entity] = [:]

    init(
        _ batch: SourceBatch,
        _ elements: [BatchElement],
        _ session: WriteSession,
        _ classification: Classification?
    ) {
        self.batch = batch
        self.elements = elements
        self.session = session
        disclosures = SourceDisclosures(classification)
    }

    mutating func plan(
        _ index: Int,
        _ state: WriteSession.Known,
        _ matches: [MatchedRegistration],
        via: [String]
    ) {
        let element = elements[index]
        var entity = state.entity ?? Entity(id: element.id, types: [])
        let said = element.attributes.types
        if batch.operation.makesEntities {
            entity.types += said.filter { !entity.types.contains($0) }
        }
        let plan = ProvisionPlan(
            batch.operation,
            or: batch.singles,
            of: entity,
            saying: said,
            naming: element.attributes.names,
            to: matches,
            via: via
        )
        guard !plan.parts.isEmpty || !plan.refused.isEmpty else { return }
        do throws(BrokerError) {
            try require(plan, of: element, state)
        } catch {
            failures[index] = [BatchError(element.id, error)]
            refused.insert(index)
            return
        }
        plans[index] = plan
        known[index] = state.entity
        for part in plan.refused {
            fail(index, part.registration, .notOffered(batch.operation, by: part))
        }
        for part in plan.parts {
            let place = places[part.registration.id] ?? items.count
            if place == items.count { items.append([]) }
            places[part.registration.id] = place
            items[place].append(BatchDistribution.Item(index: index, part: part))
        }
    }

    /// Throws unless the writer may make all parts.
    private func require(
        _ plan: ProvisionPlan,
        of element: BatchElement,
        _ state: WriteSession.Known
    ) throws(BrokerError) {
        if state.isHidden {
            throw batch.mayCreate ? BrokerError.mayNotWrite(element.id) : .unknown(element.id)
        }
        let attributes = element.attributes
        if batch.mayCreate {
            let new = EntityAtSource(element.id, types: attributes.types)
            try session.require(new, adding: [], naming: attributes.allNames)
        }
        for possible in (plan.parts + plan.refused).flatMap(\.possible) {
            try session.require(possible, adding: attributes.types, naming: attributes.allNames)
        }
    }

    private mutating func fail(
        _ index: Int,
        _ registration: ContextSourceRegistration,
        _ error: BrokerError
    ) {
        failures[index, default: []].append(
            BatchError(elements[index].id, error, registration: registration.id)
        )
    }

    mutating func distribution(_ asking: SourceAsking) -> BatchDistribution? {
        guard !plans.isEmpty || !refused.isEmpty else { return nil }
        let shares = items.compactMap { share(of: $0) }
        if disclosures.isNeeded {
            for item in shares.flatMap(\.items) {
                let element = elements[item.index]
                let entity = known[item.index] ?? Entity(id: element.id, types: [])
                disclosures.tell(item.part, of: entity, element.attributes)
            }
        }
        let own = elements.indices.compactMap { index -> BatchOwnPart? in
            guard !refused.contains(index), plans[index]?.isOwn ?? true else { return nil }
            return BatchOwnPart(index: index, removed: plans[index]?.removed ?? [])
        }
        return BatchDistribution(
            batch: batch,
            elements: elements,
            asking: asking,
            disclosures: disclosures,
            shares: shares,
            failures: failures,
            own: own,
            here: Set(known.keys)
        )
    }

    /// The elements of one source, as one batch or one by one.
    ///
    /// A batch tells no types (clauses 6.14 to 6.17 and 6.31), so a source could change an entity
    /// of another type by it: it is for those who may change any.
    private mutating func share(
        of items: [BatchDistribution.Item]
    ) -> BatchDistribution.Share? {
        guard let registration = items.first?.part.registration else { return nil }
        let open = items.filter(isForAnyType)
        let singles = batch.singles(of: registration)
        let offersBatch = registration.operations.contains(batch.operation)
        if offersBatch, open.count == items.count || singles.isEmpty {
            let mayBeAny = Set(open.map(\.index))
            for item in items where !mayBeAny.contains(item.index) {
                fail(item.index, registration, .mayNotWrite(elements[item.index].id))
            }
            guard !open.isEmpty else { return nil }
            return BatchDistribution.Share(registration: registration, items: open, singles: [])
        }
        return BatchDistribution.Share(
            registration: registration,
            items: items,
            singles: singles
        )
    }

    private func isForAnyType(_ item: BatchDistribution.Item) -> Bool {
        let element = elements[item.index]
        return batch.operation.makesEntities
            || session.may(
                change: EntityAtSource(element.id, types: nil),
                naming: element.attributes.allNames
            )
    }
}
