import Foundation

/// A target of `Package.swift`, read as text.
struct PackageTarget {
    let name: String
    /// The targets and products that it names, its own name among them.
    let dependencies: Set<String>
    /// The folder of its sources.
    let path: String

    static func all() throws -> [PackageTarget] {
        let manifest = try String(
            contentsOf: SourceFile.root.appending(path: "Package.swift"),
            encoding: .utf8
        )
        let begin = /\.(target|executableTarget|testTarget)\(\s*name: "(\w+)"/
        let found = manifest.matches(of: begin)
        let ends = found.dropFirst().map(\.range.lowerBound) + [manifest.endIndex]
        return zip(found, ends).map { match, end in
            let text = manifest[match.range.upperBound..<end]
            let name = String(match.2)
            let folder = match.1 == "testTarget" ? "Tests" : "Sources"
            return PackageTarget(
                name: name,
                dependencies: dependencies(text).union([name]),
                path: text.firstMatch(of: /path: "([^"]+)"/).map { String($0.1) }
                    ?? "\(folder)/\(name)"
            )
        }
    }

    private static func dependencies(_ text: Substring) -> Set<String> {
        guard let list = text.firstMatch(of: /dependencies: \[(?s)(.*?)\n? *\]/)?.1 else {
            return []
        }
        let products = list.replacing(/, package: "[^"]+"/, with: "")
        return Set(products.matches(of: /"(\w+)"/).map { String($0.1) })
    }
}
