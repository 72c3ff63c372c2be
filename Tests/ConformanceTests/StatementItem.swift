import Foundation

/// A row of the pro forma of ETSI GS CIM 029 V2.1.1, annex A.5.
struct StatementItem {
    let number: String
    let feature: String
    let clauses: [String]
    let mnemonic: String
    /// The reason why it is not supported; nil when it is.
    let reason: String?
}

/// A table of the pro forma.
struct StatementTable {
    let number: String
    let title: String
    var items: [StatementItem] = []
}

extension [StatementTable] {
    /// Reads tables from lines of tab-separated fields: a table's number and title, then its items.
    init(tsv: String) {
        self = []
        for line in tsv.split(separator: "\n") {
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count >= 4 else {
                append(StatementTable(number: fields[0], title: fields[1]))
                continue
            }
            self[count - 1].items.append(
                StatementItem(
                    number: fields[0],
                    feature: fields[1],
                    clauses: fields[2].components(separatedBy: "; "),
                    mnemonic: fields[3],
                    reason: fields.count > 4 ? fields[4] : nil
                )
            )
        }
    }

    var items: [StatementItem] { flatMap(\.items) }
}
