import ArgumentParser
import Collect
import ContextModel
import Foundation
import HubNetwork
import Outbound

/// `balai members`: lists the hubs of the network, makes two know each other, and decides about them.
struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members",
        abstract: "List the hubs of the network, get to know one, and admit or suspend it.",
        discussion: """
            A hub that is known may do what anybody may. One that is admitted is known by what it signs, so that policies \
            can name it, and what is asked of it is signed. Decisions need the operator's token: give it, or the data \
            folder that has it.
            """,
        subcommands: [List.self, Join.self, Admit.self, Suspend.self, Forget.self]
    )

    /// Lists the hubs that are known.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the hubs that are known.")
        @OptionGroup var remote: RemoteHubOptions
        @Flag(help: "Write JSON.") var json = false

        func run() async throws {
            try await MembersCommand.reporting {
                let answer = try await remote.connection().get(HTTPHub.membersPath)
                let members = try JSONReader.read(answer)
                if json { return try StandardOutput.line(members.text) }
                for member in members.arrayValue ?? [] {
                    try StandardOutput.line(MembersCommand.line(member.objectValue ?? JSONObject()))
                }
            }
        }
    }

    /// Makes this hub and another one know each other.
    struct Join: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make this hub and the one at an address know each other.",
            discussion:
                "It admits nobody: compare the names with their operator, and then: balai members admit NAME."
        )
        @Argument(help: "The address of the other hub.") var address: String
        @OptionGroup var remote: RemoteHubOptions

        func run() async throws {
            try await MembersCommand.reporting {
                let (here, there) = (try remote.connection(), HTTPHub(base: address))
                let own = try await MembersCommand.own(of: here)
                let other = try await MembersCommand.own(of: there)
                _ = try await there.post(HTTPHub.membersPath, MembersCommand.body(own))
                _ = try await here.post(HTTPHub.membersPath, MembersCommand.body(other))
                try StandardOutput.line(MembersCommand.line(other))
            }
        }
    }

    /// Admits a hub.
    struct Admit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take what a hub signs as its own, and sign what is asked of it."
        )
        @Argument(help: "The hub's name, urn:balai:hub:…") var member: String
        @OptionGroup var remote: RemoteHubOptions

        func run() async throws {
            try await MembersCommand.decide(.admitted, of: member, reason: nil, remote)
        }
    }

    /// Suspends a hub.
    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take nothing that a hub signs, until it is admitted again."
        )
        @Argument(help: "The hub's name, urn:balai:hub:…") var member: String
        @Option(help: "Why: the public record tells it.") var reason: String?
        @OptionGroup var remote: RemoteHubOptions

        func run() async throws {
            try await MembersCommand.decide(.suspended, of: member, reason: reason, remote)
        }
    }

    /// Forgets a hub.
    struct Forget: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a hub that is not admitted."
        )
        @Argument(help: "The hub's name, urn:balai:hub:…") var member: String
        @OptionGroup var remote: RemoteHubOptions

        func run() async throws {
            try await MembersCommand.reporting {
                _ = try await remote.connection()
                    .delete(HTTPHub.membersPath + "/" + MembersCommand.name(member))
            }
        }
    }

    /// The hub's description of itself.
    private static func own(of hub: HTTPHub) async throws -> JSONObject {
        guard let own = try await hub.ownMember() else {
            throw StartError(
                .usage,
                "One of the hubs is in no network: it needs network.state, publicURL, and the name and place of its "
                    + "city (/setup)."
            )
        }
        return own
    }

    private static func body(_ member: JSONObject) -> [UInt8] {
        let body: JSONObject = ["descriptions": member["descriptions"] ?? .array([])]
        return JSONValue.object(body).serialized
    }

    private static func decide(
        _ standing: MemberStanding,
        of member: String,
        reason: String?,
        _ remote: RemoteHubOptions
    ) async throws {
        try await reporting {
            var body: JSONObject = ["standing": .string(standing.rawValue)]
            body["reason"] = reason.map { .string($0) }
            _ = try await remote.connection()
                .put(
                    "\(HTTPHub.membersPath)/\(name(member))/standing",
                    JSONValue.object(body).serialized
                )
        }
    }

    /// The name as a segment of a path.
    private static func name(_ member: String) throws -> String {
        guard MemberID(member) != nil else {
            throw StartError(.usage, "'\(member)' is no hub's name: one is urn:balai:hub:…")
        }
        return member
    }

    /// Its members in an order for people, separated by tabs.
    private static func line(_ member: JSONObject) -> String {
        ["standing", "name", "state", "address", "id"].map { member[$0]?.stringValue ?? "" }
            .joined(separator: "\t")
    }

    private static func reporting(_ body: () async throws -> Void) async throws {
        try await reportingErrors { try await askingHubs(body) }
    }
}
