package import ContextModel
package import Governance
import Record
import Storage

extension Coordinating {
    /// Who may read and write reports, and whose suspend, for administrators.
    package func reportRules(caller: Caller) async throws -> JSONObject {
        try access.requireAdministration(caller)
        return try await rules().json
    }

    /// Replaces these rules; the public record has them first.
    ///
    /// Throws what is not wholly understood, and `forbidden` for who is no administrator.
    package func putReportRules(_ body: JSONValue, caller: Caller) async throws {
        try access.requireAdministration(caller)
        let rules = try ReportRules(body)
        try await governing.change(
            nil,
            .reports,
            details: ["rules": .object(rules.json)],
            reading: [.document(.reportRules, id: ReportRules.id)]
        ) { changes, _ in changes.put(rules.document) }
        try await catchUp()
        try await settleSuspensions()
    }
}
