package import ContextModel
package import Governance
import Record
import Statistics
import Storage

extension Governing {
    /// Answers a question about people with noise, charged to the privacy budget of the tenant.
    ///
    /// What it takes is in the record and in the ledger before anything is read, and stays taken when
    /// reading fails. So whether a question is refused depends on earlier questions, and never on who is in
    /// the data. Whoever objected is not in it. Not part of the standard.
    package func statistic(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> Disclosed<StatisticAnswer> {
        try await access.require(.aggregate, caller)
        guard caller.tenant?.snapshot == nil else {
            throw BrokerError(
                .badRequestData,
                "Statistics are asked of a tenant, not of a snapshot."
            )
        }
        let store = try await access.existingStore(caller.tenant)
        let question = try StatisticQuestionReader(body, ld).question()
        let (granted, _, isAboutPeople) = try await rights(to: question, caller)
        guard isAboutPeople else {
            throw BrokerError(
                .badRequestData,
                "type: No data of this type is about people by the classification: query it."
            )
        }
        if let least = granted.smallestGroup, question.measure == .sum {
            throw BrokerError(
                .forbidden,
                "A policy keeps groups of fewer than \(least) people back, and a sum does not say how many "
                    + "people it is of: ask for a count."
            )
        }
        let (grant, remaining, renews) = try await spend(question, store, caller)
        let (totals, session) = try await totals(question, store, caller)
        var bits = RandomBits(HubChance(draw: randomBits))
        return try await session.seal(
            StatisticAnswer(
                question: question,
                answers: totals.release(grant, using: &bits),
                smallestGroup: session.grant.smallestGroup,
                remaining: remaining,
                renews: renews
            )
        )
    }

    // MARK: Budget

    /// A question takes this part of the budget at least, so that there are so many answers in a period
    /// at most.
    static let mostAnswers = 1_000

    /// Takes the loss from the budget: in the record first, then in the ledger.
    private func spend(
        _ question: StatisticQuestion,
        _ store: any TenantStore,
        _ caller: Caller
    ) async throws -> (ReleaseGrant, remaining: PrivacyCharge, renews: Timestamp) {
        let (charge, budget) = (question.statistic.charge, reading.limits.privacyBudget)
        let least = PrivacyCharge(trillionths: budget.limit.trillionths / Self.mostAnswers)
        guard charge >= least else {
            throw BrokerError(
                .badRequestData,
                "The loss is \(charge.text), and a question takes \(least.text) at least."
            )
        }
        let party = (caller.party.id ?? PartyID("anonymous")).uri
        try await completeLedger(of: caller.tenant, store)
        // What is refused is no entry of the record.
        var kept = try await KeptLedger(in: store)
        _ = try kept.ledger.require(charge, of: party, from: budget, at: clock())
        var details: JSONObject = [
            "statistic": .string(question.measure.rawValue),
            "type": .string(question.type.text),
            "party": .string(party),
            "charge": .number(JSONNumber(charge.trillionths)),
        ]
        details["purpose"] = caller.purpose.map { .string($0.text) }
        return try await change(
            caller.tenant,
            .spending,
            details: details.of(caller.tenant),
            reading: [KeptLedger.key]
        ) { [clock] changes, mark in
            var kept = try KeptLedger(&changes)
            let (grant, remaining) = try kept.ledger.require(
                charge,
                of: party,
                from: budget,
                at: clock()
            )
            if mark.count > kept.known.count { kept.known = mark }
            changes.put(kept.document)
            return (grant, remaining, budget.renewal(after: grant.moment))
        }
    }

    // MARK: Data

    private func rights(
        to question: StatisticQuestion,
        _ caller: Caller
    ) async throws -> (ReadGrant, Policy, isAboutPeople: Bool) {
        let policy = try await access.policy(of: caller.tenant)
        let decision = policy.decideRead(
            caller,
            action: .aggregate,
            condition: .type(question.type),
            sortedBy: question.attributes
        )
        guard case .grant(let grant) = decision else { throw BrokerError(decision) }
        return (grant, policy, policy.classification?.isAboutPeople(question.type) ?? false)
    }

    /// How often data is read anew when people choose meanwhile.
    private static let mostReadings = 3

    /// What people contribute by the choices that are in force when it is returned.
    private func totals(
        _ question: StatisticQuestion,
        _ store: any TenantStore,
        _ caller: Caller
    ) async throws -> (PeopleTotals<String>, ReadSession) {
        for _ in 0..<Self.mostReadings {
            let (grant, policy, _) = try await rights(to: question, caller)
            let version = policy.choices?.version
            let reading = StatisticReading(
                question: question,
                classification: policy.classification ?? Classification()
            )
            let session = ReadSession(store, grant, SessionRecord(access.recorder, of: caller))
            let totals = try await session.read { try reading.totals($0) }
            let now = try await access.policy(of: caller.tenant).choices
            if now == policy.choices, now?.version == version { return (totals, session) }
        }
        throw BrokerError(
            .conflict,
            "What people allow has changed while their data was read. Ask again."
        )
    }
}

/// Random bits as they came into the hub.
private struct HubChance: RandomNumberGenerator {
    let draw: @Sendable () -> UInt64
    mutating func next() -> UInt64 { draw() }
}

extension SharedPrivacyLedger {
    /// Takes the charge; throws with the date of the renewal when too little is left.
    fileprivate mutating func require(
        _ charge: PrivacyCharge,
        of party: String,
        from budget: PrivacyBudget,
        at now: Timestamp
    ) throws(BrokerError) -> (ReleaseGrant, remaining: PrivacyCharge) {
        switch spend(charge, of: party, from: budget, at: now) {
        case .granted(let grant, let remaining): return (grant, remaining)
        case .refused(let refusal): throw BrokerError(.budgetExhausted, refusal.text)
        }
    }
}
