import ContextModel
import Governance
import Logging
import Storage

extension Governing {
    private static let markID = "record"

    /// What is kept with a change of rights, so that it is known whether the data has the change.
    static func mark(of entry: Int) -> Document {
        Document(kind: .recordMark, id: markID, body: Array("\(entry)".utf8))
    }

    /// The number of an entry of the record about a change of rights that no tenant's data has; nil when
    /// they have all.
    ///
    /// Then the data is older than the record: a backup was put back, and what people chose since is not
    /// in force. Or a change failed after its entry was written.
    package func missingChange() async throws -> Int? {
        guard let newest = try await access.recorder.newestChange() else { return nil }
        for tenant in [nil] + (await access.store.tenantNames) {
            let document = try await access.store.tenant(tenant)?.document(
                .recordMark,
                id: Self.markID
            )
            let mark = document.flatMap { Int(String(decoding: $0.body, as: UTF8.self)) }
            if let mark, mark >= newest { return nil }
        }
        return newest
    }

    /// Tells the log of a change of rights that the record has and the data has not.
    package func tellMissingChange() async {
        do {
            guard let entry = try await missingChange() else { return }
            reading.logger.critical(
                """
                The record has a change of rights, entry \(entry), that the data has not. If a backup \
                was put back, what people have chosen since is not in force: docs/operating.md says \
                what to do.
                """
            )
        } catch {
            reading.logger.error(
                "whether the data is as new as the record cannot be told: \(error)"
            )
        }
    }
}
