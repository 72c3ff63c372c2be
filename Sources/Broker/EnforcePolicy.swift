package import Governance
import ContextModel
import Logging
import Storage

extension Hub {
    /// Puts another policy into force: from now on requests, changes of what is subscribed to,
    /// notifications and pages are decided by it.
    ///
    /// Then tells the other processes of the hub, which ask for theirs anew (`rereadPolicy`); throws
    /// when the store does not take that.
    package func enforce(_ policy: Policy) async throws {
        rules.replace(with: policy)
        let mark = makeIdentifier()
        following.noteOwnPolicy(mark)
        let document = Document(kind: .policy, id: "policy", body: Array(mark.utf8))
        try await store.makeTenant(nil).changeDocuments(reading: []) { $0.put(document) }
        await catchUp(with: nil)
    }

    /// Asks for the policy anew when another process has put one into force.
    func followPolicy(_ document: Document) async {
        guard following.isNewPolicy(document.body), let rereadPolicy else { return }
        do { rules.replace(with: try await rereadPolicy()) } catch {
            logger.error("The policy stays as it was: \(error)")
        }
    }
}
