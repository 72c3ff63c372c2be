import ArgumentParser
import Broker
import ContextModel
import Foundation
import Gateway
import Governance

/// `balai login`: a link that signs somebody in by browser.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Print a link that signs somebody in by browser, once and within five minutes."
    )

    @Option(name: .customLong("as"), help: "Whom it signs in: a party, or the operator.")
    var party = "operator"
    @Option(help: "The person who signs in, a URI.") var subject: String?
    @Option(help: "A role of the party, admin or one that policies name; may be repeated.")
    var role: [String] = []
    @Option(help: "The hub's data folder.") var data = "balai-data"
    @Option(help: "Where the browser reaches the hub; else where it listens on this machine.")
    var url: String?

    func validate() throws {
        guard party == "operator" || Party.isName(party) else {
            throw ValidationError("--as: '\(party)' cannot be the name of a party.")
        }
        if let wrong = role.first(where: { !Standing.isRoleName($0) }) {
            throw ValidationError("--role: '\(wrong)' is no role: one has 1 to 128 bytes.")
        }
        if let subject, !URIText.isValid(subject) || subject.utf8.count > 256 {
            throw ValidationError("--subject: '\(subject)' is no URI of at most 256 bytes.")
        }
    }

    func run() async throws {
        try await reportingErrors {
            guard let folder = DataFolder(existing: data), let address = folder.address else {
                throw StartError(.folder, "No hub is at work on the folder \(data).")
            }
            let party: Party = party == "operator" ? .operator : .named(PartyID(party))
            let standing = Standing(roleNames: role)
            let link = try await folder.hubKey().token(
                .link,
                for: Credential(
                    party: party,
                    roles: standing.roles,
                    otherRoles: standing.otherRoles,
                    subject: subject.map { SubjectID($0) }
                ),
                seconds: SignIn.linkSeconds,
                at: Timestamp(Date()),
                id: UUID().uuidString
            )
            try StandardOutput.line("\(url ?? address)/sign-in?link=\(link)")
        }
    }
}
