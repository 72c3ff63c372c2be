extension BorderRuleTable {
    /// The table that travels with the program; docs/border-rules.md says where its rules come from.
    package static let asean: BorderRuleTable = {
        do { return try BorderRuleReader().table(aseanText) } catch {
            preconditionFailure("border-rules.json: \(error)")
        }
    }()

    /// The table as a file in the format of docs/border-rules.md.
    package static var aseanText: [UInt8] {
        Array((EmbeddedFiles.texts["border-rules.json"] ?? "").utf8)
    }
}
