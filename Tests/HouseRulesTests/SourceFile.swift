import Foundation

/// One of our files, as the house rules read it.
struct SourceFile {
    /// The path from the root of the repository.
    let path: String
    let lines: [String]

    /// Every Swift file in a folder of the repository.
    static func all(in folder: String) throws -> [SourceFile] {
        let base = root.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String }
        return try (names ?? []).filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let text = try String(contentsOf: base.appending(path: name), encoding: .utf8)
            return SourceFile(
                path: folder + "/" + name,
                lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                    .map(String.init)
            )
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized

    /// The code of a line, without comments.
    func code(_ index: Int) -> Substring {
        let line = lines[index]
        let trimmed = line.drop { $0 == " " }
        return trimmed.hasPrefix("//") ? "" : line[...]
    }

    /// The places where the code has the text, as `path:line`.
    func places(of text: String) -> [String] {
        lines.indices.filter { code($0).contains(text) }.map { "\(path):\($0 + 1)" }
    }

    /// The names of the types, functions, variables and cases that the file declares.
    var names: [String] {
        lines.indices.flatMap { index in
            code(index)
                .matches(
                    of: /\b(?:actor|case|class|enum|func|let|protocol|struct|typealias|var) +(\w+)/
                )
                .map { String($0.1) }
        }
    }

    /// The modules that the file imports.
    var imports: [String] {
        let beginnings = [
            "import ", "package import ", "@testable import ", "@preconcurrency import ",
        ]
        return lines.filter { line in beginnings.contains { line.hasPrefix($0) } }
            .compactMap { $0.split(separator: " ").last.map(String.init) }
    }

    /// The words of a name in camel case, in lower case.
    static func words(_ name: String) -> [String] {
        name.matches(of: /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/).map { $0.0.lowercased() }
    }

    /// Functions and initialisers with their number of lines.
    ///
    /// The formatter ends each with a brace at the indentation of its first line.
    var functions: [(name: String, count: Int)] {
        lines.indices.compactMap { start in
            let line = code(start)
            guard line.firstRange(of: /^ *([a-z()]+ )*(func |init[?(<])/) != nil,
                !line.hasSuffix("}")
            else {
                return nil
            }
            let indent = line.prefix { $0 == " " }
            // A requirement of a protocol ends where the next line with the same indentation
            // begins.
            let end = lines[(start + 1)...].firstIndex { next in
                next.hasPrefix(indent) && !next.dropFirst(indent.count).isEmpty
                    && !" ){".contains(next[next.index(next.startIndex, offsetBy: indent.count)])
            }
            guard let end, lines[end] == indent + "}" else { return nil }
            return (line.trimmingCharacters(in: .whitespaces), end - start + 1)
        }
    }
}
