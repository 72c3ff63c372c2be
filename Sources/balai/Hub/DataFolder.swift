import ContextModel
import Foundation
import Gateway
import Glibc
import Governance
import HubNetwork

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
    /// The key with which the hub signs what it says to other hubs.
    var memberKeyPath: String { path + "/network.key" }
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
        let effect = "a new key is created, and tokens signed with this one become invalid"
        let made = try await HubKey.make().pem
        let pem = try keptPEM(at: keyPath, made, whenRemoved: effect)
        do { return try await HubKey(pem: pem) } catch {
            throw unusable(keyPath, error, whenRemoved: effect)
        }
    }

    /// The key with which the hub signs what it says in the network, which is created when it is first needed.
    ///
    /// Throws when others than its owner can read the file, because they could speak for the hub.
    func memberKey() throws -> MemberKey {
        let effect = "a new key is created, and the hub is another one in the network"
        let pem = try keptPEM(at: memberKeyPath, MemberKey().pem, whenRemoved: effect)
        do { return try MemberKey(pem: pem) } catch {
            throw unusable(memberKeyPath, error, whenRemoved: effect)
        }
    }

    /// The key in the file, which gets the new one where it has none.
    private func keptPEM(
        at path: String,
        _ new: String,
        whenRemoved effect: String
    ) throws -> String {
        if let pem = try secret(at: path, whenRemoved: effect) { return pem }
        let temporary = "\(path).\(UUID().uuidString)"
        try Self.write(new + "\n", toNewFile: temporary)
        defer { unlink(temporary) }
        // When two programs create one at the same time, both use the first.
        guard link(temporary, path) == 0 || errno == EEXIST,
            let pem = try secret(at: path, whenRemoved: effect)
        else { throw StartError(.folder, "\(path) cannot be written.") }
        return pem
    }

    private func unusable(
        _ path: String,
        _ error: any Error,
        whenRemoved effect: String
    ) -> StartError {
        StartError(
            .permissions,
            "\(path) cannot be used: \(error) Remove it (\(effect)) or restore a backup."
        )
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
