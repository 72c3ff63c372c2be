import ContextModel
import Testing

@testable import Record

@Suite struct SignedNoteTests {
    /// The example of C2SP signed-note.
    @Test func `the standard's example is verified by the standard's key`() throws {
        let key = try NoteKey(
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        )
        #expect(key.name == "example.com/foo")
        #expect(key.purpose == .note)
        #expect(
            key.description
                == "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        )
        let text = """
            This is an example message.

            \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXs\
            YjOBH3mFXmRKuwHjG1Yu72IneyaQM=

            """
        let note = try SignedNote(text)
        #expect(note.text == "This is an example message.\n")
        #expect(note.description == text)
        let signature = try #require(note.signatures.first)
        #expect(signature.isBy(key))
        #expect(key.isValid(signature.bytes, for: Array(note.text.utf8)))
        #expect(!key.isValid(signature.bytes, for: Array("This is no example.\n".utf8)))
    }

    @Test(arguments: [
        "", "\n", "text\n", "text\n\n", "\n\n\u{2014} a AAAAAAA=\n", "text\n\n\u{2014} a AAAAAAA=",
        "text\n\n- a AAAAAAA=\n", "text\n\n\u{2014} a b AAAAAAA=\n",
        "text\n\n\u{2014} a+b AAAAAAA=\n",
        "text\n\n\u{2014} a AAAAAA==\n", "text\n\n\u{2014} a AAAAAAA\n",
        "te\txt\n\n\u{2014} a AAAAAAA=\n",
        "text\n\n\u{2014}  AAAAAAA=\n", "text\n\n\u{2014} a AAAAAAB=\n",
    ])
    func `what is no note is refused`(text: String) {
        #expect(throws: ProofError(.malformed, "")) { try SignedNote(text) }
    }

    @Test func `a text may have empty lines, and the last one ends it`() throws {
        let note = try SignedNote("a\n\nb\n\n\u{2014} k AAAAAAA=\n")
        #expect(note.text == "a\n\nb\n")
        #expect(note.signatures.map(\.name) == ["k"])
    }

    @Test func `a long note is refused`() {
        let line = "\u{2014} k AAAAAAA=\n"
        let many = "a\n\n" + String(repeating: line, count: SignedNote.maximumSignatures)
        #expect(throws: Never.self) { try SignedNote(many) }
        #expect(throws: ProofError(.malformed, "")) { try SignedNote(many + line) }
        let long = String(repeating: "a", count: SignedNote.maximumBytes) + "\n\n" + line
        #expect(throws: ProofError(.malformed, "")) { try SignedNote(long) }
    }

    @Test func `keys are read only as they are written`() throws {
        let signer = try #require(NoteSigner(name: "city.example/hub", purpose: .note))
        let text = signer.secretText
        #expect(try NoteSigner(secretText: text).key == signer.key)
        #expect(try NoteKey(signer.key.description) == signer.key)
        let file = "# ours\n\n  \(signer.key)\r\n"
        #expect(try NoteKey.keys(inFile: file) == [signer.key])
        let renamed = signer.key.description.replacing("hub+", with: "hubs+")
        #expect(throws: ProofError(.malformed, "")) { try NoteKey(renamed) }
        #expect(throws: ProofError(.malformed, "")) { try NoteKey("a+b") }
        #expect(throws: ProofError(.malformed, "")) { try NoteSigner(secretText: text + "A") }
        for name in ["", "a b", "a+b", "a\n", "a\u{00A0}b"] {
            #expect(NoteSigner(name: name, purpose: .note) == nil)
        }
    }

    @Test func `base64 has one text for each sequence of bytes`() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8($0 * 37 & 0xFF) }
            #expect(Base64.bytes(of: Base64.text(of: bytes)) == bytes)
        }
        #expect(Base64.text(of: [0xFB, 0xFF]) == "+/8=")
        for text in ["A", "AA", "AAA", "AB==", "AAB=", "A===", "====", "AA=A", "AA-=", "AAAA="] {
            #expect(Base64.bytes(of: text) == nil, "\(text)")
        }
    }
}
