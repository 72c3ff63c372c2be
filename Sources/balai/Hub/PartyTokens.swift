import Broker
import ContextModel
import Foundation
import Gateway
import Governance
import Synchronization

/// The tokens of parties, of which only hashes are stored.
struct PartyTokens: Codable, Sendable, Equatable {
    /// One party's token.
    struct Entry: Codable, Sendable, Equatable {
        var party: String
        /// The SHA-256 of the token in hexadecimal digits.
        var sha256: String
        var made: Date
    }
    private(set) var entries: [Entry] = []

    init() {}

    /// Reads the tokens of the folder; empty when there are none.
    init(of folder: DataFolder) throws {
        guard let data = FileManager.default.contents(atPath: folder.tokensPath) else { return }
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            self = try decoder.decode(Self.self, from: data)
        } catch {
            throw StartError(.permissions, "\(folder.tokensPath) is damaged; it must be JSON.")
        }
    }

    func save(in folder: DataFolder) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let temporary = folder.tokensPath + ".new"
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        try DataFolder.write(text + "\n", toNewFile: temporary)
        guard rename(temporary, folder.tokensPath) == 0 else {
            throw StartError(.folder, "\(folder.tokensPath) cannot be written.")
        }
    }

    /// Why no party has the name; nil when one may have it.
    static func problem(withName party: String) -> String? {
        guard !party.isEmpty, party.utf8.count <= 128 else {
            return "A party's name has 1 to 128 bytes."
        }
        guard !["operator", "anonymous"].contains(party), !party.hasPrefix(Party.servicePrefix)
        else { return "'\(party)' cannot name a party: it has another meaning." }
        return nil
    }

    mutating func add(party: String, token: String, at moment: Date) {
        entries.append(Entry(party: party, sha256: TokenHash(of: token).hex, made: moment))
    }

    /// Removes the tokens of a party; returns how many.
    mutating func remove(party: String) -> Int {
        let before = entries.count
        entries.removeAll { $0.party == party }
        return before - entries.count
    }

    /// Removes a token; returns whether there was one.
    mutating func remove(_ hash: TokenHash) -> Bool {
        let before = entries.count
        entries.removeAll { $0.sha256 == hash.hex }
        return entries.count < before
    }

    /// The tokens as their page shows them.
    var shown: [PartyToken] {
        entries.map {
            PartyToken(party: .named(PartyID($0.party)), madeAt: Timestamp($0.made))
        }
    }

    /// The tokens as the Gateway needs them.
    var list: [(hash: TokenHash, party: Party)] {
        entries.compactMap { entry in
            TokenHash(hex: entry.sha256).map { ($0, .named(PartyID(entry.party))) }
        }
    }
}

/// The tokens in a data folder, for the page *Parties*.
final class PartyTokenFile: PartyTokenStore {
    private let folder: DataFolder
    /// Lets one change of the file follow the other.
    private let changes = Mutex(())

    init(_ folder: DataFolder) { self.folder = folder }

    func all() throws -> [PartyToken] { try PartyTokens(of: folder).shown }

    func add(party: String) throws -> String {
        if let problem = PartyTokens.problem(withName: party) {
            throw BrokerError(.badRequestData, problem)
        }
        return try changes.withLock { _ in
            var random = SystemRandomNumberGenerator()
            let token = DataFolder.makeToken(&random)
            var tokens = try PartyTokens(of: folder)
            tokens.add(party: party, token: token, at: Date())
            try tokens.save(in: folder)
            return token
        }
    }

    func remove(party: String) throws -> Int {
        try changes.withLock { _ in
            var tokens = try PartyTokens(of: folder)
            let count = tokens.remove(party: party)
            if count > 0 { try tokens.save(in: folder) }
            return count
        }
    }
}
