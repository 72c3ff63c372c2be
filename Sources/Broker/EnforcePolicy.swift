package import Governance
import ContextModel
import Storage

extension Following {
    /// Puts another policy into force: from now on it decides requests, changes for subscribers,
    /// notifications and pages.
    ///
    /// Then it notifies the other processes of the hub, which read their policy again
    /// (`rereadPolicy`). Throws if the store cannot record the notification.
    package func enforce(_ policy: Policy) async throws {
        rules.replace(with: policy)
        let mark = Array(makeIdentifier().utf8)
        policies.note(mark)
        let document = Document(kind: .policy, id: "policy", body: mark)
        try await store.makeTenant(nil).changeDocuments(reading: []) { $0.put(document) }
    }

    /// Reads the policy again when another process has put one into force.
    ///
    /// Throws when it cannot be read: the present policy stays in force, and the next call tries
    /// again.
    func followPolicy() async throws {
        guard let rereadPolicy else { return }
        try await policies.documents.catchUp(with: nil) { [rules, policies] news in
            guard let mark = news.documents.last?.body, !policies.knows(mark) else { return }
            var number: Int
            var policy: Policy
            repeat {
                number = rules.number
                policy = try await rereadPolicy()
                // A policy that was put into force here meanwhile may be newer than the one that
                // was read.
            } while !rules.replace(number, with: policy)
            policies.note(mark)
        }
    }
}
