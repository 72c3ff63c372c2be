import ContextModel
import Governance
import Logging
import Storage

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
    /// Then the data is older than the record: a backup was put back. Or a change failed after its entry
    /// was written. What people chose is adopted (`adoptMissingChoices`).
    package func missingChange() async throws -> Int? {
        guard let newest = try await access.recorder.newestChange() else { return nil }
        for tenant in [nil] + (await access.store.tenantNames) {
            guard let store = try await access.store.tenant(tenant) else { continue }
            let mark = try await Self.mark(Self.markID, in: store)
            if try await access.recorder.heeded(by: mark) > newest { return nil }
        }
        return newest
    }

    /// Puts the choices into force that the record has and the data has not, and tells the log of them, and of
    /// other changes of rights that the data has not.
    ///
    /// Where it cannot be told what people have chosen nothing about people is answered in this run.
    package func takeUpRecord() async {
        do {
            let adopted = try await adoptMissingChoices()
            if adopted > 0 {
                reading.logger.critical(
                    """
                    The record has choices that the data had not, as if a backup was put back. They are \
                    in force now: \(adopted).
                    """
                )
            }
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

    private func tellMissingChange() async {
        do {
            guard let entry = try await missingChange() else { return }
            reading.logger.critical(
                """
                The record has a change of rights, entry \(entry), that the data has not. If a backup \
                was put back, policies or classes are older than they were: docs/operating.md says what \
                to do.
                """
            )
        } catch {
            reading.logger.error(
                "whether the data is as new as the record cannot be told: \(error)"
            )
        }
    }
}
