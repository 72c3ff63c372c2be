import Testing

@testable import Collect

@Suite struct ColumnMapTests {
    private func message(_ yaml: String) -> String {
        do throws(SourceError) {
            _ = try ColumnMap(yaml: yaml, file: "m.yaml")
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test func `an unknown key is named with its line and the known ones`() {
        let text = message("type: T\nid: x\nattributes:\n  v: {colum: a}\n")
        #expect(text.hasPrefix("m.yaml:4: `attributes.v.colum`: There is no such key; known are"))
    }

    @Test func `required keys of a map are reported`() {
        #expect(message("type: T\n") == "m.yaml:1: A map needs `type` and `id`.")
        #expect(
            message("type: T\nid: x\nhistory: true\n")
                == "m.yaml:1: With `history: true` a map needs `time`."
        )
        #expect(message("type: T\nid: \"{a\"\n").contains("A brace is not paired"))
        #expect(message("- 1\n") == "m.yaml:1: There should be keys with values.")
        #expect(message("a: [\n").hasPrefix("`m.yaml` is not YAML"))
    }

    @Test func `values outside their choices are refused`() {
        #expect(message("type: T\nid: x\nseparator: x\n").contains("`x` is not one of `,`, `;`"))
        #expect(
            message("type: T\nid: x\ntime: {column: a, zone: Mars/Base}\n").contains(
                "`Mars/Base` is not a time zone"
            )
        )
        #expect(
            message("type: T\nid: x\ntime: {column: a, format: \"%Q\"}\n").contains("not a pattern")
        )
        #expect(
            message("type: T\nid: x\nattributes: {v: {column: a, as: int}}\n").contains(
                "`int` is not one of"
            )
        )
    }

    @Test func `keys that contradict each other are refused`() {
        let start = "type: T\nid: x\n"
        #expect(message(start + "current: false\n").contains("needs `history: true`"))
        #expect(message(start + "thousands: \".\"\n").contains("two different characters"))
        #expect(message(start + "skipRows: -1\n").contains("a whole number from 0 to 1000"))
        #expect(message(start + "encoding: koi8-r\n").contains("`koi8-r` is not one of `utf-8`"))
        let more = "thousands: \",\"\nencoding: utf-16le\ntrim: false\n"
        #expect(message(start + more) == "accepted")
    }
}
