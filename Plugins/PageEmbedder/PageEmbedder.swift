import Foundation

/// Writes text files as a Swift source: `PageEmbedder OUTPUT FOLDER PATH…`.
///
/// The build runs it, by the plugin `EmbedPages`.
@main
struct PageEmbedder {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else { throw CocoaError(.fileNoSuchFile) }
        let (output, folder) = (URL(filePath: arguments[1]), URL(filePath: arguments[2]))
        let entries = try arguments.dropFirst(3).map { path in
            let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            return "        \(path.debugDescription): \(text.debugDescription),\n"
        }
        let source = """
            /// The files in a module's folder of resources.
            enum EmbeddedFiles {
                /// Their texts by their paths below `Resources`.
                static let texts: [String: String] = [
            \(entries.joined())    ]
            }

            """
        try source.write(to: output, atomically: true, encoding: .utf8)
    }
}
