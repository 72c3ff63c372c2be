package import Borders
import ContextModel
import Governance
import Logging
import Record
import Storage
import Synchronization

/// The part of a hub that the operations on rights need: what data is, who may do what with it, and what
/// people choose are its methods, each in a file of its own.
package final class Governing: Sendable {
    let access: Access
    let rules: PolicySource
    let reading: Reading
    let writing: Writing
    let tenants: TenantRulesFollower
    let snapshots: SnapshotRegistry
    let networking: Networking
    let clock: HubClock
    /// The rules about data that crosses borders.
    package let borders: BorderRuleTable
    let makeIdentifier: @Sendable () -> String
    /// What the noise of statistics is made of.
    let randomBits: @Sendable () -> UInt64
    /// The tenants whose ledgers have all that the record says was spent.
    let completeLedgers = Mutex<Set<TenantName?>>([])

    /// The tenants whose data has what the record says; nil before the start has looked.
    let takenUp = Mutex<Set<TenantName?>?>(nil)
    /// The work of looking at tenants that were not there at the start.
    let takingUp = Mutex<[TenantName?: Task<Void, any Error>]>([:])

    /// Erases the messages of the tenant's sources that write these types, which are about people;
    /// nil as long as there is nothing that keeps messages.
    let messageErasing = Mutex<(@Sendable (TenantName?, Set<IRI>) async throws -> Void)?>(nil)

    /// The rules for all tenants that the configuration says, as it was last read.
    let configured = Mutex(CommonRules())

    init(
        _ writing: Writing,
        _ rules: PolicySource,
        _ tenants: TenantRulesFollower,
        _ snapshots: SnapshotRegistry,
        _ borders: BorderRuleTable,
        _ randomBits: @escaping @Sendable () -> UInt64
    ) {
        self.randomBits = randomBits
        self.snapshots = snapshots
        self.borders = borders
        self.writing = writing
        self.rules = rules
        self.tenants = tenants
        reading = writing.reading
        networking = reading.federating.networking
        access = writing.access
        clock = reading.clock
        makeIdentifier = reading.makeIdentifier
        tenants.takesUp { [weak self] in try await self?.takeUpLate($0) }
    }

    /// Notes that a change failed after its entry, so that no start that finds the entry puts it into force.
    private func void(
        _ entry: Int,
        of kind: EntryKind,
        _ tenant: TenantName?,
        after failure: any Error
    ) async {
        do { try await access.recorder.void(entry, of: kind, tenant) } catch {
            reading.logger.critical(
                """
                A change of rights failed (\(failure)) after the record had it as entry \(entry), and the \
                record cannot be told: \(error). The next start puts it into force. Make the change, or \
                the opposite, again.
                """
            )
        }
    }

    /// Changes documents of the caller's tenant, and returns when what they say is in force in this
    /// process; other processes follow within 50 ms.
    ///
    /// The record tells of it first: `details` to everybody, `openings` to the people themselves. `body` gets
    /// the mark after the entry.
    ///
    /// Where the change cannot be put into force here, nobody may do anything in the tenant until it can.
    func change<Answer: Sendable>(
        _ tenant: TenantName?,
        _ kind: EntryKind,
        details: JSONObject = JSONObject(),
        openings: [Opening] = [],
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges, _ mark: RecordMark) throws -> Answer
    ) async throws -> Answer {
        guard tenant?.snapshot == nil else {
            throw BrokerError(.badRequestData, "A snapshot has the rights of its tenant.")
        }
        let store = try await access.madeStore(tenant)
        try await tenants.require(tenant)
        return try await access.recorder.change(kind, details: details, openings: openings) {
            entry in
            let mark = try await access.recorder.mark(after: entry + 1)
            let (answer, own): (Answer, OwnChanges?)
            do {
                (answer, own) = try await store.changeFollowedDocuments(reading: keys) { changes in
                    let answer = try body(&changes, mark)
                    changes.put(Self.document(of: mark, Self.markID))
                    return answer
                }
            } catch {
                await void(entry, of: kind, tenant, after: error)
                throw error
            }
            try await tenants.catchUp(with: tenant, own: own)
            return answer
        }
    }
}

extension JSONObject {
    /// The details of an entry of the record, with the tenant that it is about.
    func of(_ tenant: TenantName?) -> JSONObject {
        guard let tenant else { return self }
        var details = self
        details["tenant"] = .string(tenant.text)
        return details
    }
}
