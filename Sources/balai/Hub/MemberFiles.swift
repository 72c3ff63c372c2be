import Broker
import Foundation
import Governance
import HubNetwork

/// The folder of members: files of what hubs say of themselves, which the operator admits by putting them there.
enum MemberFiles {
    /// How a file's name ends.
    static let suffix = ".member"

    /// The descriptions of each file, a line each.
    ///
    /// Throws `StartError` for a folder or a file that cannot be read.
    static func dossiers(in folder: String) throws -> [[String]] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw StartError(.usage, "The folder of members \(folder) cannot be read.")
        }
        return try names.filter { $0.hasSuffix(suffix) }.sorted().map { name in
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            else {
                throw StartError(.usage, "\(folder)/\(name) cannot be read.")
            }
            return text.split(whereSeparator: \.isNewline).map(String.init)
        }
    }
}

extension HubRun {
    /// Takes up the hubs of the folder of members, and admits those that nobody has decided about.
    ///
    /// Throws `StartError` for a file that has no descriptions of a hub, with the reason.
    func takeUpMembers(_ hub: Hub) async throws {
        guard let folder = configuration.membersFolder else { return }
        let dossiers = try MemberFiles.dossiers(in: folder)
        do { try await hub.networking.receive(dossiers) } catch let error as MemberError {
            throw StartError(.usage, "In the folder of members \(folder): \(error)")
        }
        for texts in dossiers {
            guard let id = try? MemberDossier(texts).id,
                try await hub.networking.isUndecided(id)
            else { continue }
            try await hub.governing.decide(
                .admitted,
                of: id.text,
                reason: "It is in the folder of members.",
                caller: Caller(party: .operator)
            )
        }
    }
}
