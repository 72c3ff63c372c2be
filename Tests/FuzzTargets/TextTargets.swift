import Collect
import ContextModel

extension FuzzTarget {
    static let textTargets = [timestamp, duration, temporal, linkHeader, table, columnMap]

    private static let timestamp = FuzzTarget(
        "timestamp",
        seeds: [
            "2026-01-31T08:00:00Z", "2024-02-29T23:59:60.123456Z", "2026-01-31T08:00:00,5Z",
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-31T08:00:00+07:00",
        ]
    ) { text throws(BrokenPromise) in
        guard let moment = Timestamp(text) else { return false }
        try BrokenPromise.unlessSame(moment, Timestamp(moment.text), "A moment")
        _ = moment.adding(months: 1)
        return true
    }

    private static let duration = FuzzTarget(
        "duration",
        seeds: ["P1Y2M3DT4H5M6.5S", "PT1M", "P2W", "PT0S", "P1M", "PT0.000001S"]
    ) { text throws(BrokenPromise) in
        guard let duration = ISODuration(text) else { return false }
        try BrokenPromise.unlessSame(duration, ISODuration(duration.text), "A duration")
        return true
    }

    private static let temporal = FuzzTarget(
        "temporal",
        parameters: [
            "before\n2026-01-31T08:00:00Z", "after\n2026-01-31T08:00:00Z\n\nmodifiedAt",
            "between\n2026-01-31T08:00:00Z\n2027-01-31T08:00:00Z\nobservedAt",
        ]
    ) { values throws(BrokenPromise) in
        let test = try? TemporalTest.parse(
            timerel: values[0],
            timeAt: values.optional(1),
            endTimeAt: values.optional(2),
            timeproperty: values.optional(3)
        )
        guard let test else { return false }
        if let from = test.from, let to = test.to, from > to {
            throw BrokenPromise("It ends before it starts: \(test)")
        }
        return true
    }

    private static let linkHeader = FuzzTarget(
        "link",
        seeds: [
            LinkHeader.value(for: "https://city.example/c.jsonld"),
            #"<https://a.example/>; rel=next, <c>;type="a,b"; REL="x http://www.w3.org/ns/json-ld#context""#,
        ]
    ) { text throws(BrokenPromise) in
        guard let url = try? LinkHeader.context(in: [text]) else { return false }
        let again = try? LinkHeader.context(in: [LinkHeader.value(for: url)])
        try BrokenPromise.unlessSame(url, again, "A link")
        return true
    }

    // MARK: Tables

    private static let table = FuzzTarget(
        "table",
        bytes: ["a,b\n1,\"x\"\"y\"\r\n\r\n\"multi\nline\",é\n", "\u{FEFF}site,pm\rA,7.5\r"].map {
            Array($0.utf8)
        }
    ) { bytes throws(BrokenPromise) in
        // The rows are the same for any pieces.
        let whole = rows(of: bytes, pieceBytes: 1 << 16)
        try BrokenPromise.unlessSame(whole, rows(of: bytes, pieceBytes: 1), "Rows")
        return true
    }

    private static func rows(of bytes: [UInt8], pieceBytes: Int) -> [String] {
        var reader = DelimitedReader(MemoryBytes(bytes, name: "t.csv", pieceBytes: pieceBytes))
        var rows: [String] = []
        while let step = try? reader.next(), step != .end {
            let fields = (0..<reader.row.count).map(reader.row.text)
            rows.append(step == .row ? "\(reader.row.line) \(fields)" : "\(step)")
        }
        return rows
    }

    private static let columnMap = FuzzTarget(
        "columnmap",
        seeds: [
            """
            type: AirQualityObserved
            id: "urn:x:{site}"
            separator: ";"
            time: {column: when, zone: Asia/Bangkok, format: "%d/%m/%Y %H:%M"}
            history: true
            location: {latitude: lat, longitude: lon}
            attributes:
              pm25: {column: pm, as: number, unitCode: GQ}
              refDevice: {text: "urn:x:{site}", as: relationship}
              source: {constant: made up, observed: false}
            """,
            "type: T\nid: x\nskip:\n  - {column: a, is: [b]}\nempty: [\"\", \"-\"]\n",
        ]
    ) { text throws(BrokenPromise) in
        do throws(SourceError) {
            _ = try ColumnMap(yaml: text, file: "m.yaml")
        } catch {
            if error.description.isEmpty { throw BrokenPromise("A complaint about nothing") }
        }
        return true
    }
}
