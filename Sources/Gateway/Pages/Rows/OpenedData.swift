import ContextModel

/// A program in which data of the hub can be opened, and the line that does it.
struct OpenedData: Sendable, Hashable {
    /// The name of the program, which is the same in all languages.
    let program: String
    /// A key of the page's words: where the line goes.
    let place: String
    let line: String

    /// The lines for the entities of a question, at the hub with this address.
    static func lines(_ question: RowsQuestion, days: String, base: String) -> [OpenedData] {
        let now = "\(base)\(Paths.entities)?\(question.selection)"
        let past = "\(base)\(Paths.temporal)?\(question.selection)\(days)"
        let collection = QueryItems.encode(question.type)
        return [
            OpenedData(program: "QGIS", place: "openQGIS", line: "\(base)/"),
            OpenedData(
                program: "GDAL",
                place: "openShell",
                line: "ogrinfo -so 'OAPIF:\(base)' '\(collection)'"
            ),
            OpenedData(
                program: "pandas",
                place: "openPython",
                line: "import pandas; rows = pandas.read_csv(\"\(now)&format=csv&layout=wide\")"
            ),
            OpenedData(
                program: "pandas",
                place: "openPythonPast",
                line: "import pandas; readings = pandas.read_csv(\"\(past)&format=csv\")"
            ),
            OpenedData(program: "Excel", place: "openExcel", line: "\(now)&format=csv&layout=wide"),
            OpenedData(program: "Grafana", place: "openGrafana", line: "\(past)&format=csv"),
            OpenedData(
                program: "curl",
                place: "openShell",
                line: "curl '\(now)&format=geojson&options=keyValues'"
            ),
        ]
    }
}
