import Foundation
import Gateway
import Glibc
import Governance

/// The folder that holds everything a hub keeps: its database and its tokens.
struct DataFolder: Sendable {
    let path: String

    /// Made if need be, for its owner only.
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
                "The data folder \(path) cannot be made: \(Self.reason(error))"
            )
        }
        guard access(path, W_OK) == 0 else {
            throw StartError(.folder, "The data folder \(path) cannot be written to.")
        }
    }

    /// One that is there already.
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
    /// A file in the folder of a demo, whose data is simulated and everybody's to read.
    var demoMarkPath: String { path + "/demo" }

    /// Marks a folder without a database as a demo's; throws for one with a real hub's.
    func becomeDemo() throws {
        let files = FileManager.default
        if files.fileExists(atPath: demoMarkPath) { return }
        guard !files.fileExists(atPath: databasePath) else {
            throw StartError(
                .usage,
                "\(path) holds the data of a hub that is no demo: a demo would show all of it to "
                    + "everybody and put simulated data into it. Choose another folder with --data."
            )
        }
        try Self.write("The data here is simulated.\n", toNewFile: demoMarkPath)
    }

    /// The operator's token, made at the first start.
    ///
    /// It is not used when others than its owner can read it: whoever read it could use it, too.
    func operatorToken(_ generator: inout some RandomNumberGenerator) throws -> String {
        if let token = try existingOperatorToken() { return token }
        let token = Self.makeToken(&generator)
        try Self.write(token + "\n", toNewFile: operatorTokenPath)
        return token
    }

    /// nil when none was made yet.
    func existingOperatorToken() throws -> String? {
        var status = stat()
        guard stat(operatorTokenPath, &status) == 0 else { return nil }
        guard status.st_mode & 0o077 == 0 else {
            throw StartError(
                .permissions,
                "\(operatorTokenPath) can be read by others than its owner. Remove it (the next "
                    + "start makes a new token), or: chmod 600 \(operatorTokenPath)"
            )
        }
        let text = (try? String(contentsOfFile: operatorTokenPath, encoding: .utf8)) ?? ""
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.count >= Self.minimumTokenBytes else {
            throw StartError(
                .permissions,
                "\(operatorTokenPath) holds no token. Remove it to have one made."
            )
        }
        return token
    }

    /// 256 random bits in URL-safe letters.
    static func makeToken(_ generator: inout some RandomNumberGenerator) -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Data(bytes).base64EncodedString().replacing("+", with: "-")
            .replacing("/", with: "_").replacing("=", with: "")
    }

    private static let minimumTokenBytes = 16

    /// Readable by its owner from the first moment on.
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

/// Why a hub does not start, in words for the operator.
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
