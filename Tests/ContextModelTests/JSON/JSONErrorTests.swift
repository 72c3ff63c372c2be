import ContextModel
import Testing

@Suite struct JSONErrorTests {
    @Test(arguments: [
        ("[1,\n 2,\n  oops]", 10, 3, 3, "Here should be a value, but there is `oops`."),
        ("{\"ชื่อ\" 1}", 16, 1, 9, "Here should be `:`, but there is `1`."),
        ("[1,", 3, 1, 4, "The text ends where a value should be."),
        ("{\"a\":1,\n\"a\":2}", 8, 2, 1, "The member `a` is given twice."),
        ("[01]", 1, 1, 2, "`01` is not a number as JSON writes them."),
        (
            "[\"a\u{1}\"]", 3, 1, 4,
            "A string may hold the control character U+0001 only as an escape."
        ),
        ("[\u{1B}x]", 1, 1, 2, "Here should be a value, but there is `U+001Bx`."),
    ])
    func `an error has its position and quotes the text there`(
        text: String,
        offset: Int,
        line: Int,
        column: Int,
        message: String
    ) throws {
        let error = try #require(throws: JSONError.self) {
            try JSONReader.read(text, repeated: .refused)
        }
        #expect(error.offset == offset)
        #expect(error.line == line)
        #expect(error.column == column)
        #expect(error.message == message)
        #expect(error.description == "Line \(line), column \(column): \(message)")
    }

    @Test func `a long quotation is shortened`() throws {
        let name = String(repeating: "n", count: 10_000)
        let error = try #require(throws: JSONError.self) {
            try JSONReader.read("{\"\(name)\":1,\"\(name)\":2}", repeated: .refused)
        }
        #expect(error.message.utf8.count < 100)
    }
}
