import ContextModel
import Foundation
import Gateway
import Glibc

/// The file with what was taken back before it expired: signed tokens, and sessions.
struct RevocationFile: Encodable, Sendable, Equatable {
    /// One thing that is taken back: a token by its hash or its identifier, or all sessions of somebody.
    struct Entry: Encodable, Sendable, Equatable {
        /// The SHA-256 of the token in hexadecimal digits.
        var sha256: String?
        /// What the token calls itself (`jti`).
        var id: String?
        /// Whose sessions end.
        var party: String?
        /// The person whose sessions end; nil for all who are signed in as the party.
        var subject: String?
        /// The second up to which sessions that began end, since 1970.
        var upTo: Int64?
        /// When all that it could be about has expired.
        var until: Date

        init(_ entry: RevokedTokens.Entry, until: Date) {
            self.until = until
            switch entry {
            case .token(let hash): sha256 = hash.hex
            case .id(let id): self.id = id
            case .sessions(let who, let upTo):
                party = who.party
                subject = who.subject
                self.upTo = upTo
            }
        }

        /// Nil for what no entry is.
        fileprivate init?(json: JSONValue) {
            guard let members = json.objectValue,
                let until = members["until"]?.stringValue.flatMap({ Timestamp($0) })
            else { return nil }
            sha256 = members["sha256"]?.stringValue
            id = members["id"]?.stringValue
            party = members["party"]?.stringValue
            subject = members["subject"]?.stringValue
            upTo = members["upTo"]?.numberValue?.intValue.map(Int64.init)
            self.until = Date(timeIntervalSince1970: Double(until.microseconds) / 1_000_000)
        }

        fileprivate var entry: RevokedTokens.Entry? {
            if let sha256 { return TokenHash(hex: sha256).map { .token($0) } }
            if let id { return .id(id) }
            guard let party, let upTo else { return nil }
            return .sessions(.init(party: party, subject: subject), upTo: upTo)
        }
    }
    private(set) var entries: [Entry] = []

    /// Reads the file of the folder; empty when there is none.
    init(of folder: DataFolder) throws {
        guard let data = FileManager.default.contents(atPath: folder.revokedPath) else { return }
        let json: JSONValue
        do { json = try JSONReader.read(Array(data)) } catch {
            throw StartError(.permissions, "\(folder.revokedPath) is damaged; it must be JSON.")
        }
        let written = json.objectValue?["entries"]?.arrayValue ?? [.null]
        entries = written.compactMap(Entry.init(json:))
        guard entries.count == written.count else {
            throw StartError(.permissions, "\(folder.revokedPath) has an entry that is damaged.")
        }
        // What cannot be read is not to be left out: it would count again.
        guard entries.allSatisfy({ $0.entry != nil }) else {
            throw StartError(.permissions, "\(folder.revokedPath) has an entry of no kind.")
        }
    }

    /// What it says, as the Gateway needs it.
    var revoked: RevokedTokens {
        entries.compactMap(\.entry).reduce(into: RevokedTokens()) { $0.insert($1) }
    }

    /// Adds an entry to the file, without those that have expired; the hub and commands take turns.
    static func add(_ entry: Entry, in folder: DataFolder, at now: Date) throws {
        let lock = open(folder.revokedPath + ".lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            throw StartError(.folder, "\(folder.revokedPath) cannot be locked.")
        }
        defer { close(lock) }
        var file = try RevocationFile(of: folder)
        file.entries.removeAll { $0.until < now }
        file.entries.append(entry)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let temporary = folder.revokedPath + ".new"
        let text = String(decoding: try encoder.encode(file), as: UTF8.self)
        try DataFolder.write(text + "\n", toNewFile: temporary)
        guard rename(temporary, folder.revokedPath) == 0 else {
            throw StartError(.folder, "\(folder.revokedPath) cannot be written.")
        }
    }
}
