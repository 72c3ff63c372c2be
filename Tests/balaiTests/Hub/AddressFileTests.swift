import Foundation
import Testing

@testable import balai

@Suite struct AddressFileTests {
    @Test func `an address counts as long as its hub runs`() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(creating: path)
            #expect(folder.address == nil)
            try "http://127.0.0.1:9\n".write(
                toFile: folder.addressPath,
                atomically: true,
                encoding: .utf8
            )
            #expect(folder.address == nil, "what a killed hub left counts for nothing")
            var file = AddressFile(folder)
            #expect(folder.address == nil, "the hub does not listen yet")
            file?.write("http://127.0.0.1:1027")
            #expect(folder.address == "http://127.0.0.1:1027")
            let second = AddressFile(folder)
            #expect(second == nil && folder.address == "http://127.0.0.1:1027")
            file = nil
            #expect(folder.address == nil)
        }
    }
}
