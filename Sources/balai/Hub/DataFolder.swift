import Foundation
import Gateway
import Glibc
import Governance

/// The folder with all data of a hub: its database and its tokens.
struct DataFolder: Sendable {
    let path: String

    /// Creates the folder if need be, for its owner only.
    init(creating path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw StartError(
                .folder,
                "The data folder \(path) cannot be created: \(Self.reason(error))"
            )
        }
        guard access(path, W_OK) == 0 else {
            throw StartError(.folder, "The data folder \(path) cannot be written to.")
        }
    }

    /// Opens an existing folder.
    init?(existing path: String) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else { return nil }
        self.path = path
    }

    var databasePath: String { path + "/hub.sqlite" }
    var operatorTokenPath: String { path + "/operator.token" }
    var tokensPath: String { path + "/tokens.json" }
    /// What was taken back of signed tokens and sessions.
    var revokedPath: String { path + "/revoked.json" }
    /// The key with which the hub signs tokens.
    var keyPath: String { path + "/hub.key" }
    /// The file that marks the folder of a demo, whose simulated data everybody may read.
    var demoMarkPath: String { path + "/demo" }

    /// Marks a folder without a database as a demo's; throws for the folder of a real hub.
    func becomeDemo() throws {
        let files = FileManager.default
        if files.fileExists(atPath: demoMarkPath) { return }
        guard !files.fileExists(atPath: databasePath) else {
            throw StartError(
                .usage,
                "\(path) has the data of a hub that is not a demo: a demo would show all of it to "
                    + "everybody and put simulated data into it. Choose another folder with --data."
            )
        }
        try Self.write("The data here is simulated.\n", toNewFile: demoMarkPath)
    }

    /// The operator's token, which is created at the first start.
    ///
    /// Throws when others than its owner can read the file, because they could use the token.
    func operatorToken(_ generator: inout some RandomNumberGenerator) throws -> String {
        if let token = try existingOperatorToken() { return token }
        let token = Self.makeToken(&generator)
        try Self.write(token + "\n", toNewFile: operatorTokenPath)
        return token
    }

    /// The operator's token; nil when there is none yet.
    func existingOperatorToken() throws -> String? {
        let text = try secret(
            at: operatorTokenPath,
            whenRemoved: "the next start creates a new token"
        )
        guard let token = text?.trimmingCharacters(in: .whitespacesAndNewlines) else { return nil }
        guard token.utf8.count >= Self.minimumTokenBytes else {
            throw StartError(
                .permissions,
                "\(operatorTokenPath) has no token. Remove it to have one created."
            )
        }
        return token
    }

    /// The key with which the hub signs tokens, which is created when it is first needed.
    ///
    /// Throws when others than its owner can read the file, because they could sign tokens.
    func hubKey() async throws -> HubKey {
        if let key = try await existingHubKey() { return key }
        let temporary = "\(keyPath).\(UUID().uuidString)"
        try Self.write(try await HubKey.make().pem + "\n", toNewFile: temporary)
        defer { unlink(temporary) }
        // When two programs create one at the same time, both use the first.
        guard link(temporary, keyPath) == 0 || errno == EEXIST,
            let key = try await existingHubKey()
        else { throw StartError(.folder, "\(keyPath) cannot be written.") }
        return key
    }

    private func existingHubKey() async throws -> HubKey? {
        let effect = "a new key is created, and tokens signed with this one become invalid"
        guard let pem = try secret(at: keyPath, whenRemoved: effect) else { return nil }
        do { return try await HubKey(pem: pem) } catch {
            throw StartError(
                .permissions,
                "\(keyPath) cannot be used: \(error) Remove it (\(effect)) or restore a backup."
            )
        }
    }

    /// What a file holds that is for its owner's eyes; nil when there is none.
    func secret(at path: String, whenRemoved effect: String) throws -> String? {
        let file = URL(filePath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        guard let mode = attributes?[.posixPermissions] as? NSNumber else { return nil }
        guard mode.intValue & 0o077 == 0 else {
            throw StartError(
                .permissions,
                "\(path) can be read by others than its owner. Remove it (\(effect)), or: "
                    + "chmod 600 \(path)"
            )
        }
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// A token of 256 random bits in URL-safe characters.
    static func makeToken(_ generator: inout some RandomNumberGenerator) -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Base64URL.text(of: bytes)
    }

    private static let minimumTokenBytes = 16

    /// Writes a file that only its owner can read, from the beginning.
    static func write(_ text: String, toNewFile path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StartError(.folder, "\(path) cannot be written.") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.synchronize()
        try handle.close()
    }

    private static func reason(_ error: any Error) -> String {
        (error as NSError).localizedDescription
    }
}

/// The reason why a hub does not start, for the operator.
struct StartError: Error, CustomStringConvertible {
    enum Code: Sendable {
        case folder, permissions, database, address, usage
    }
    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
