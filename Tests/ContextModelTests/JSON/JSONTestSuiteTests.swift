import ContextModel
import Foundation
import Testing

/// Tests the reader with a checkout of nst/JSONTestSuite, whose folder is in
/// `BALAI_JSON_TEST_SUITE`.
///
/// `JSONReaderTests` and `JSONGrammarTests` have our own texts for each kind of case; this test
/// runs the suite itself.
@Suite struct JSONTestSuiteTests {
    static let folder = ProcessInfo.processInfo.environment["BALAI_JSON_TEST_SUITE"]

    /// The first letter of a file's name says whether it must be read.
    @Test(
        .enabled(
            if: folder != nil,
            "BALAI_JSON_TEST_SUITE names no checkout of nst/JSONTestSuite"
        ),
        arguments: ["y_", "n_", "i_"]
    )
    func `the valid files are read, and the invalid ones refused`(kind: String) throws {
        let cases = try Self.cases(kind)
        #expect(cases.count > 30)
        for (name, bytes) in cases {
            let outcome = Result { () throws(JSONError) in
                try JSONReader.read(bytes, repeated: .lastCounts)
            }
            switch (outcome, kind) {
            case (.success(let value), "y_"), (.success(let value), "i_"):
                #expect(try JSONReader.read(value.serialized) == value, "\(name)")
            case (.failure(let error), "y_"):
                Issue.record("\(name) is refused: \(error)")
            case (.success, _): Issue.record("\(name) is read")
            case (.failure, _): break
            }
        }
    }

    private static func cases(_ kind: String) throws -> [(name: String, bytes: [UInt8])] {
        let parsing = URL(filePath: try #require(folder)).appending(path: "test_parsing")
        let names = try FileManager.default.contentsOfDirectory(atPath: parsing.path)
        return try names.filter { $0.hasPrefix(kind) }.sorted().map { name in
            (name, Array(try Data(contentsOf: parsing.appending(path: name))))
        }
    }
}
