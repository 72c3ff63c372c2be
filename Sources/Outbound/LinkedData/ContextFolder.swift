import Broker
package import ContextModel
import Foundation

/// A folder of `@context` documents, for places without Internet access.
///
/// `index.json`, if there is one, maps URLs to file names. The file for another URL has the last
/// part of its path as its name, such as `context.jsonld`.
package struct ContextFolder: Sendable {
    private static let maximumBytes = 1 << 20
    private let path: String
    private let index: [String: String]

    /// Reads the index; documents are read when they are asked for.
    package init(path: String) throws(LDContextError) {
        self.path = path
        guard
            let json = try Self.read("\(path)/index.json", called: "The file '\(path)/index.json'")
        else {
            index = [:]
            return
        }
        guard let object = json.objectValue else {
            throw LDContextError(.invalid, "'\(path)/index.json' is not an object of file names.")
        }
        var index: [String: String] = [:]
        for (url, name) in object.members {
            guard let name = name.stringValue, Self.isFileName(name) else {
                throw LDContextError(
                    .invalid,
                    "'\(path)/index.json' gives no file name for '\(url)'."
                )
            }
            index[url] = name
        }
        self.index = index
    }

    /// The document of the URL; nil when the folder does not have it.
    package func document(at url: String) throws(LDContextError) -> JSONValue? {
        guard let name = index[url] ?? Self.lastPart(of: url) else { return nil }
        // The answer to a caller must not name folders of the machine.
        return try Self.read("\(path)/\(name)", called: "This hub's own copy of '\(url)'")
    }

    private static func lastPart(of url: String) -> String? {
        let address = url.prefix { $0 != "?" && $0 != "#" }
        guard let name = address.split(separator: "/").last.map(String.init), name != "index.json",
            isFileName(name)
        else { return nil }
        return name
    }

    private static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") && !name.contains("\0")
    }

    private static func read(
        _ path: String,
        called name: String
    ) throws(LDContextError) -> JSONValue? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONReader.read(
                data,
                limits: JSONLimits(maximumBytes: maximumBytes),
                repeated: .lastCounts
            )
        } catch {
            throw LDContextError(.invalid, "\(name) is not JSON: \(error.description)")
        }
    }
}
