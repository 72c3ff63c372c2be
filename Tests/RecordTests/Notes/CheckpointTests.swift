import ContextModel
import Testing

@testable import Record

@Suite struct CheckpointTests {
    private let signer = NoteSigner(
        name: "city.example/hub",
        purpose: .note,
        secretBytes: Array(repeating: 1, count: 32)
    )
    private let witness = NoteSigner(
        name: "witness.example/w1",
        purpose: .cosignature,
        secretBytes: Array(repeating: 2, count: 32)
    )
    private let time = Timestamp(microseconds: 1_679_315_147_000_000)

    /// The example of C2SP tlog-checkpoint and tlog-cosignature, whose keys are not given there.
    @Test func `the standard's example is read and written`() throws {
        let text = """
            example.com/behind-the-sofa
            20852163
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

            \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4UR\
            YN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
            \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZ\
            CB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==

            """
        let signed = try SignedCheckpoint(text)
        #expect(signed.checkpoint.origin == "example.com/behind-the-sofa")
        #expect(signed.checkpoint.size == 20_852_163)
        #expect(signed.checkpoint.extensions.isEmpty)
        #expect(signed.text == text)
        let bytes = try #require(signed.note.signatures.last?.bytes)
        #expect(bytes.count == 72)
    }

    @Test(arguments: [
        "o\n1\n", "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "o\n1\nCsUYapGGPo4=\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nx\n",
        "o\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ])
    func `what is no checkpoint is refused`(text: String) {
        #expect(throws: ProofError(.malformed, "")) { try Checkpoint(text: text) }
    }

    @Test func `a checkpoint is believed if its own record's key has signed it`() throws {
        let signer = try #require(signer)
        let checkpoint = Checkpoint(origin: signer.key.name, size: 1, root: .leaf([1]))
        let signed = try SignedCheckpoint(checkpoint, by: signer)
        #expect(try SignedCheckpoint(signed.text) == signed)
        try signed.verify(by: signer.key)

        let stranger = try #require(NoteSigner(name: signer.key.name, purpose: .note))
        #expect(throws: ProofError(.unknownRecord, "")) { try signed.verify(by: stranger.key) }
        // A key signs for its own record alone.
        let foreign = try SignedCheckpoint(
            Checkpoint(origin: "other.example", size: 1, root: .leaf([1])),
            by: signer
        )
        #expect(throws: ProofError(.unknownRecord, "")) { try foreign.verify(by: signer.key) }

        let larger = signed.text.replacing("\n1\n", with: "\n2\n")
        #expect(throws: ProofError(.wrongSignature, "")) {
            try SignedCheckpoint(larger).verify(by: signer.key)
        }
    }

    @Test func `a witness signs the text and its time`() throws {
        let (signer, witness) = (try #require(signer), try #require(witness))
        let checkpoint = Checkpoint(origin: signer.key.name, size: 1, root: .leaf([1]))
        var signed = try SignedCheckpoint(checkpoint, by: signer)
        #expect(try signed.time(witnessedBy: witness.key) == nil)
        let signature = try Cosignature.make(signed.note.text, at: time, by: witness)
        let stray = NoteSignature(name: "stray", id: 1, bytes: [1])
        try signed.add([stray, signature], by: witness.key)
        #expect(signed.note.signatures.count == 2)
        #expect(try SignedCheckpoint(signed.text).time(witnessedBy: witness.key) == time)

        // Another time under the same signature is a forgery.
        var forged = signature
        forged.bytes[7] ^= 1
        #expect(throws: ProofError(.wrongSignature, "")) {
            try signed.add([forged], by: witness.key)
        }
        #expect(throws: ProofError(.tooFewWitnesses, "")) {
            try signed.add([stray], by: witness.key)
        }
        // The same secret as a record's key is another key.
        let asRecord = try #require(
            NoteSigner(
                name: witness.key.name,
                purpose: .note,
                secretBytes: Array(repeating: 2, count: 32)
            )
        )
        #expect(asRecord.key.id != witness.key.id)
        #expect(try signed.time(witnessedBy: asRecord.key) == nil)
    }
}
