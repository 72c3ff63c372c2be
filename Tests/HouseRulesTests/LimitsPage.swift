/// `docs/limits.md` with the values of the constants that its rows name.
struct LimitsPage {
    let text: String
    /// Names on the page that no constant has, or several.
    private(set) var unknown: [String] = []

    /// Keeps the page except the second cell of each row that ends in names.
    init(_ page: String, _ constants: SourceConstants, settings: Set<String>) {
        var unknown: [String] = []
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.hasPrefix("| "), line.hasSuffix("` |") else { return String(line) }
            var cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count == 6 else { return String(line) }
            let values = cells[4].matches(of: /`([^`]+)`/).map { name in
                let name = String(name.1)
                if settings.contains(name) { return "set" }
                if constants[name] == nil { unknown.append(name) }
                return constants[name] ?? ""
            }
            cells[2] = " \(values.joined(separator: "; ")) "
            return cells.joined(separator: "|")
        }
        text = lines.joined(separator: "\n")
        self.unknown = unknown
    }
}
