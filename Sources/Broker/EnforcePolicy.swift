package import Governance
import ContextModel
import Storage

extension Following {
    /// Puts another policy into force: from now on requests, changes of what is subscribed to,
    /// notifications and pages are decided by it.
    ///
    /// Then tells the other processes of the hub, which ask for theirs anew (`rereadPolicy`); throws
    /// when the store does not take that.
    package func enforce(_ policy: Policy) async throws {
        rules.replace(with: policy)
        let mark = Array(makeIdentifier().utf8)
        policies.note(mark)
        let document = Document(kind: .policy, id: "policy", body: mark)
        try await store.makeTenant(nil).changeDocuments(reading: []) { $0.put(document) }
    }

    /// Asks for the policy anew when another process has put one into force.
    ///
    /// Throws when it cannot be read: the one in force stays, and the next call asks once more.
    func followPolicy() async throws {
        guard let rereadPolicy else { return }
        try await policies.documents.catchUp(with: nil) { [rules, policies] news in
            guard let mark = news.documents.last?.body, !policies.knows(mark) else { return }
            var number: Int
            var policy: Policy
            repeat {
                number = rules.number
                policy = try await rereadPolicy()
                // What was put into force here meanwhile may be newer than what was read.
            } while !rules.replace(number, with: policy)
            policies.note(mark)
        }
    }
}
