import ContextModel
import Governance
import Logging
import Storage
import Synchronization

extension Governing {
    static let markID = "record"

    /// What is kept with a change of rights, so that it is known whether the data has the change.
    static func document(of mark: RecordMark, _ id: String) -> Document {
        Document(kind: .recordMark, id: id, body: Array(mark.text.utf8))
    }

    /// A mark that the store has; `start` where there is none that can be read.
    static func mark(_ id: String, in store: any TenantStore) async throws -> RecordMark {
        let document = try await store.document(.recordMark, id: id)
        return document.flatMap { RecordMark(String(decoding: $0.body, as: UTF8.self)) } ?? .start
    }

    /// The number of an entry of the record about a policy or a classification that no tenant's data has; nil
    /// when they have all.
    ///
    /// Then the data is older than the record: a backup was put back, and not all could be adopted
    /// (`adoptMissingChanges`). Or a change failed after its entry was written.
    package func missingChange() async throws -> Int? {
        guard let newest = try await access.recorder.newestChange() else { return nil }
        for tenant in [nil] + (await access.store.tenantNames) {
            guard let store = try await access.store.tenant(tenant) else { continue }
            let mark = try await Self.mark(Self.markID, in: store)
            if try await access.recorder.heeded(by: mark) > newest { return nil }
        }
        return newest
    }

    /// Puts into force what the record has and the data has not, and tells the log of it, and of changes of
    /// rights that cannot be put back.
    ///
    /// Where it cannot be told what people have chosen nothing about people is answered in this run.
    package func takeUpRecord() async {
        let names: [TenantName?] = [nil] + (await access.store.tenantNames)
        do {
            tell(try await adoptMissingChanges(of: names))
            takenUp.withLock { $0 = Set(names) }
        } catch {
            access.recorder.refuseAll(because: "what people have chosen cannot be read: \(error)")
            reading.logger.critical(
                """
                What people have chosen cannot be read from the record, so nothing about people is \
                answered: \(error)
                """
            )
        }
        await tellMissingChange()
    }

    func tell(_ adopted: Adopted) {
        if adopted.choices + adopted.rules > 0 {
            reading.logger.critical(
                """
                The record has choices and rules that the data had not, as if a backup was put back. They are \
                in force now: \(adopted.choices) choices, and \(adopted.rules) policies or classifications.
                """
            )
        }
        if let entry = adopted.missing { tellMissing(entry) }
    }

    private func tellMissingChange() async {
        do {
            if let entry = try await missingChange() { tellMissing(entry) }
        } catch {
            reading.logger.error(
                "whether the data is as new as the record cannot be told: \(error)"
            )
        }
    }

    private func tellMissing(_ entry: Int) {
        reading.logger.critical(
            """
            The record has a change of rights, entry \(entry), that the data has not. If a backup was put \
            back, policies or classes are older than they were: docs/operating.md says what to do.
            """
        )
    }
}
