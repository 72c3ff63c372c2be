import Chance
import ContextModel
import Testing

@Suite struct JSONWriterTests {
    @Test func `commas are written automatically`() {
        var writer = JSONWriter(reservingBytes: 64)
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.number(1)
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.endArray()
        writer.key("b")
        writer.string("x")
        writer.key("c")
        writer.raw("{\"raw\":1}".utf8)
        writer.key("d")
        writer.timestamp(Timestamp(microseconds: 1_500_000))
        writer.key("e")
        writer.value([false, [:]])
        writer.endObject()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(
            text == #"{"a":[1,true,null,{},[]],"b":"x","c":{"raw":1},"#
                + #""d":"1970-01-01T00:00:01.500Z","e":[false,{}]}"#
        )
    }

    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("a\"b\\c/d", #""a\"b\\c/d""#),
        ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#), ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
        ("ภูเก็ต 😀", "\"ภูเก็ต 😀\""), ("12345678\"12345678\\", #""12345678\"12345678\\""#),
    ])
    func `a string is escaped only where it must be`(string: String, text: String) {
        #expect(JSONValue.string(string).text == text)
    }

    @Test func `written text reads back the same`() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let value = RandomJSON.value(&generator)
            let bytes = value.serialized
            let read = try JSONReader.read(bytes)
            #expect(read == value)
            #expect(read.serialized == bytes)
        }
    }
}
