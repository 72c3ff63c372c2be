import Broker
import ContextModel
import Foundation
import Testing

@testable import Outbound

@Suite struct ContextFolderTests {
    private func folder(_ files: [String: String]) throws -> String {
        let path = NSTemporaryDirectory() + "balai-contexts-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        }
        return path
    }

    @Test func `a document is found by the index, or by its name`() throws {
        let path = try folder([
            "index.json": #"{"https://a.example/x": "a.jsonld"}"#,
            "a.jsonld": #"{"@context": {"a": "https://a.example/a"}}"#,
            "b.jsonld": #"{"@context": {}}"#,
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try ContextFolder(path: path)
        #expect(
            try folder.document(at: "https://a.example/x")
                == ["@context": ["a": "https://a.example/a"]]
        )
        #expect(try folder.document(at: "https://b.example/any/b.jsonld?v=1") != nil)
        #expect(try folder.document(at: "https://b.example/c.jsonld") == nil)
        #expect(try folder.document(at: "https://b.example/..") == nil)
        #expect(try folder.document(at: "https://b.example/index.json") == nil)
    }

    @Test func `a damaged document is reported without its folder`() throws {
        let path = try folder(["a.jsonld": "{"])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try ContextFolder(path: path)
        let error = #expect(throws: LDContextError.self) {
            try folder.document(at: "https://a.example/a.jsonld")
        }
        #expect(error?.detail.contains("'https://a.example/a.jsonld' is not JSON") == true)
        #expect(error?.detail.contains(path) == false)
    }

    @Test func `an index that leads out of the folder is refused`() throws {
        let path = try folder(["index.json": #"{"https://a.example/x": "../secret"}"#])
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: LDContextError(.invalid, "")) { try ContextFolder(path: path) }
    }
}
