package import ContextModel
import Governance
import Record
import Storage
import Synchronization

extension Governing {
    static let seenID = "seen"

    /// What was put into force because the record has it and the data had it not.
    package struct Adopted: Sendable, Equatable {
        package var choices = 0
        /// Policies, classifications and rules for all tenants.
        package var rules = 0
        /// The newest entry of rules that could not be put into force; nil when there is none.
        package var missing: Int?
    }

    /// How much of the record the data of a tenant has heeded.
    struct Heeded {
        /// Entries with smaller numbers.
        var count: Int
        /// Whether the data is of another record, or of a later state of this one: then it may have newer
        /// rules than the record.
        var isOfAnother: Bool
    }

    /// Puts into force what the record has and the data of these tenants has not, before anything is answered
    /// from them.
    ///
    /// Data that was put back from a backup is as old as that. What people chose since, and what those who
    /// govern decided, is in the record.
    @discardableResult
    package func adoptMissingChanges(of tenants: [TenantName?]) async throws -> Adopted {
        let (size, recorder) = (access.recorder.size, access.recorder)
        var heeded: [TenantName?: Heeded] = [:]
        for tenant in tenants { heeded[tenant] = try await self.heeded(by: tenant) }
        let start = heeded.values.map(\.count).min() ?? size
        let void = try await recorder.voidEntries(from: start)
        var adopted = Adopted()
        let rules = try await adoptMissingRules(heeded, without: void, &adopted)
        let choices = try await adoptMissingChoices(heeded, without: void, &adopted)
        let mark = try await recorder.mark(after: size)
        for (tenant, known) in heeded where known.count < size {
            // What is missing goes on being told.
            let isWhole = !known.isOfAnother && !rules.missing.contains(tenant)
            try await access.store.tenant(tenant)?.changeDocuments(reading: []) {
                $0.put(Self.document(of: mark, Self.seenID))
                if isWhole { $0.put(Self.document(of: mark, Self.markID)) }
            }
        }
        for tenant in rules.changed.union(choices) {
            try await self.tenants.catchUp(with: tenant, own: nil)
        }
        return adopted
    }

    /// How much of this record the data of the tenant has heeded.
    ///
    /// What it has of changes that the record lost, put back from an older copy, it goes on having.
    private func heeded(by tenant: TenantName?) async throws -> Heeded {
        guard let store = try await access.store.tenant(tenant) else {
            return Heeded(count: 0, isOfAnother: false)
        }
        let recorder = access.recorder
        let changed = try await Self.mark(Self.markID, in: store)
        if changed.count > recorder.size {
            let end = try await recorder.mark(after: recorder.size)
            try await store.changeDocuments(reading: []) {
                $0.put(Self.document(of: end, Self.markID))
            }
        }
        let seen = try await recorder.heeded(by: Self.mark(Self.seenID, in: store))
        let count = max(seen, try await recorder.heeded(by: changed))
        return Heeded(count: count, isOfAnother: count == 0 && changed != .start)
    }
}

// MARK: - Tenants that come back

extension Governing {
    /// Puts into force what the record has of a tenant that was not there at the start: its database was put
    /// back, or made anew, while the hub runs.
    ///
    /// Requests that come together wait for one look. Throws where the record cannot be read: then nobody may
    /// do anything in the tenant.
    func takeUpLate(_ tenant: TenantName?) async throws {
        guard mustTakeUp(tenant), try await access.store.tenant(tenant) != nil else { return }
        let task = takingUp.withLock { tasks in
            if let task = tasks[tenant] { return task }
            let task = Task {
                defer { takingUp.withLock { $0[tenant] = nil } }
                // Another request may have looked since this one asked.
                guard mustTakeUp(tenant) else { return }
                tell(try await adoptMissingChanges(of: [tenant]))
                takenUp.withLock { _ = $0?.insert(tenant) }
            }
            tasks[tenant] = task
            return task
        }
        try await task.value
    }

    private func mustTakeUp(_ tenant: TenantName?) -> Bool {
        takenUp.withLock { $0.map { !$0.contains(tenant) } ?? false }
    }
}

extension Recorder {
    private static let voidMember = "void"

    /// Notes that nothing came of the change that an entry tells of: it was refused.
    func void(_ entry: Int, of kind: EntryKind, _ tenant: TenantName?) async throws(BrokerError) {
        let details: JSONObject = [Self.voidMember: .number(JSONNumber(entry))]
        try await append(kind, state: state, details: details.of(tenant))
    }

    /// Entries whose change was refused, of those from a number on.
    func voidEntries(from start: Int) async throws -> Set<Int> {
        var void: Set<Int> = []
        try await entries(of: Self.rules + [.choice], from: start) { entries in
            for (_, entry) in entries {
                if let number = entry.details[Self.voidMember]?.numberValue?.intValue {
                    void.insert(number)
                }
            }
        }
        return void
    }
}
