import ArgumentParser
import Broker
import ContextModel
import Foundation
import Gateway
import Governance

extension TokenCommand {
    /// Takes a single token back, or all sessions of somebody.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a token, or somebody's sessions, back before they end.",
            discussion: """
                A running hub refuses it within a second, and keeps that until it would have ended. \
                Subscriptions and snapshots that were made with it stay: delete them as well.
                """
        )

        @Argument(help: "A token that was issued or added, or the UUID in it (jti).")
        var token: String?
        @Option(help: "Instead: the identifier in a token (jti), whatever it looks like.")
        var id: String?
        @Option(help: "Instead: whose sessions in browsers end, a party or the operator.")
        var sessionsOf: String?
        @Option(help: "Of these the sessions of one person, a URI.") var subject: String?
        @Option(help: "The hub's data folder.") var data = "balai-data"

        func validate() throws {
            let given = [token, id, sessionsOf].compactMap { $0 }
            guard given.count == 1, subject == nil || sessionsOf != nil else {
                throw ValidationError("Give a token, --id or --sessions-of.")
            }
            guard given != [""] else { throw ValidationError("What is to be taken back is empty.") }
        }

        func run() async throws {
            try await reportingErrors {
                guard let folder = DataFolder(existing: data) else {
                    throw StartError(.folder, "There is no folder \(data).")
                }
                let now = Date()
                if let sessionsOf {
                    let party = PartyID(sessionsOf).text
                    let who = RevokedTokens.Sessions(party: party, subject: subject)
                    let entry = RevokedTokens.Entry.sessions(
                        who,
                        upTo: Int64(now.timeIntervalSince1970)
                    )
                    let until = now.addingTimeInterval(Double(SignIn.sessionSeconds))
                    try RevocationFile.add(.init(entry, until: until), in: folder, at: now)
                } else if let id {
                    let entry = Self.entry(ofIdentifier: id, at: now)
                    try RevocationFile.add(entry, in: folder, at: now)
                } else if let token {
                    try revoke(token, folder, now)
                }
            }
        }

        private func revoke(_ text: String, _ folder: DataFolder, _ now: Date) throws {
            var opaque = try PartyTokens(of: folder)
            if opaque.remove(TokenHash(of: text)) { return try opaque.save(in: folder) }
            let entry: RevocationFile.Entry
            if let end = TokenHash.claimedEnd(of: text) {
                let seconds = Double(end.microseconds) / 1_000_000 + Self.leewaySeconds
                let until = Date(timeIntervalSince1970: seconds)
                guard until > now else { throw StartError(.usage, "The token has ended already.") }
                entry = .init(.token(TokenHash(ofSignedPartOf: text)), until: until)
            } else if UUID(uuidString: text) != nil {
                entry = Self.entry(ofIdentifier: text, at: now)
            } else {
                throw StartError(
                    .usage,
                    "That is no token that counts here, and no UUID: give another identifier with --id."
                )
            }
            try RevocationFile.add(entry, in: folder, at: now)
        }

        private static func entry(ofIdentifier id: String, at now: Date) -> RevocationFile.Entry {
            let longest = Double(TokenLifetime.maximumSeconds) + leewaySeconds
            return .init(.id(id), until: now.addingTimeInterval(longest))
        }

        /// More than the clocks of issuers may be apart.
        private static let leewaySeconds = 3_600.0
    }
}
