import Foundation
import Gateway
import Testing

@testable import balai

@Suite struct DataFolderTests {
    @Test func `the operator's token is created once, for its owner only`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path + "/data")
            var random = SystemRandomNumberGenerator()
            let token = try folder.operatorToken(&random)
            #expect(token.utf8.count == 43)
            #expect(try folder.operatorToken(&random) == token)
            #expect(try mode(folder.operatorTokenPath) == 0o600)
            #expect(try mode(folder.path) == 0o700)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o660])
    func `a token that others can read is not used`(mode: Int) async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            var random = SystemRandomNumberGenerator()
            _ = try folder.operatorToken(&random)
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: folder.operatorTokenPath
            )
            let error = #expect(throws: StartError.self) { try folder.existingOperatorToken() }
            #expect(error?.code == .permissions)
        }
    }

    @Test func `the signing key is created once, for its owner only`()
        async throws
    {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path + "/data")
            let key = try await folder.hubKey()
            #expect(try await folder.hubKey().id == key.id)
            #expect(try mode(folder.keyPath) == 0o600)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files == ["hub.key"])
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644],
                ofItemAtPath: folder.keyPath
            )
            let error = await #expect(throws: StartError.self) { try await folder.hubKey() }
            #expect(error?.code == .permissions)
        }
    }

    @Test func `two programs that create the key use the same one`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            async let first = folder.hubKey()
            async let second = folder.hubKey()
            #expect(try await first.id == second.id)
        }
    }

    @Test func `an invalid key is reported and not changed`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            try DataFolder.write("no key\n", toNewFile: folder.keyPath)
            let error = await #expect(throws: StartError.self) { try await folder.hubKey() }
            #expect(error?.description.contains("no Ed25519 key") == true)
            #expect(try String(contentsOfFile: folder.keyPath, encoding: .utf8) == "no key\n")
        }
    }

    @Test func `an empty token file does not count as a token`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            try DataFolder.write("\n", toNewFile: folder.operatorTokenPath)
            #expect(throws: StartError.self) { try folder.existingOperatorToken() }
        }
    }

    @Test func `parties' tokens are stored as hashes`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            var tokens = PartyTokens()
            tokens.add(party: "traffic", token: "a secret", at: Date(timeIntervalSince1970: 0))
            try tokens.save(in: folder)
            let text = try String(contentsOfFile: folder.tokensPath, encoding: .utf8)
            #expect(!text.contains("a secret"))
            #expect(text.contains(TokenHash(of: "a secret").hex))
            var read = try PartyTokens(of: folder)
            #expect(read == tokens)
            #expect(read.remove(party: "nobody") == 0)
            #expect(read.remove(party: "traffic") == 1)
            #expect(read.list.isEmpty)
        }
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? Int) ?? 0
    }
}
