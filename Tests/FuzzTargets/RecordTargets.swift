import Record

extension FuzzTarget {
    static let recordTargets = [key, checkpoint, proof, question, tile, bundle, entry, opening]

    /// The examples of C2SP signed-note, tlog-checkpoint and tlog-cosignature.
    private static let signed = """
        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/\
        Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs\
        X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==

        """
    private static let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw="
    private static let publicKey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

    private static let key = FuzzTarget(
        "record-key",
        seeds: [publicKey]
    ) { text throws(BrokenPromise) in
        guard let key = try? NoteKey(text) else { return false }
        try BrokenPromise.unlessSame(text, key.description, "A key")
        return true
    }

    private static let checkpoint = FuzzTarget(
        "checkpoint",
        seeds: [signed]
    ) { text throws(BrokenPromise) in
        guard let checkpoint = try? SignedCheckpoint(text) else { return false }
        try BrokenPromise.unlessSame(checkpoint, try? SignedCheckpoint(checkpoint.text), "A note")
        // Nobody has the example's secret key, so nothing may be taken for signed by another.
        if let key = try? NoteKey(publicKey), (try? checkpoint.verify(by: key)) != nil {
            throw BrokenPromise("A checkpoint is signed by a key that signed none: \(text)")
        }
        return true
    }

    private static let proof = FuzzTarget(
        "proof",
        seeds: [
            "c2sp.org/tlog-proof@v1\nextra eyJlbnRyeSI6Int9In0=\nindex 73\n\(hash)\n\n\(signed)",
            "c2sp.org/tlog-proof@v1\nextra eyJlbnRyeSI6Int9In0=\nindex 0\n\n\(signed)",
        ]
    ) { text throws(BrokenPromise) in
        guard let proof = try? TransparencyProof(text) else { return false }
        try BrokenPromise.unlessSame(proof, try? TransparencyProof(proof.text), "A proof")
        if let key = try? NoteKey(publicKey),
            (try? ProofVerifier(keys: [key]).verify(proof)) != nil
        {
            throw BrokenPromise("A proof of nothing is believed: \(text)")
        }
        return true
    }

    private static let question = FuzzTarget(
        "witness-question",
        seeds: ["old 0\n\n\(signed)", "old 20852014\n\(hash)\n\(hash)\n\n\(signed)"]
    ) { text throws(BrokenPromise) in
        guard let question = try? AddCheckpoint(text) else { return false }
        try BrokenPromise.unlessSame(question, try? AddCheckpoint(question.text), "A question")
        return true
    }

    private static let tile = FuzzTarget(
        "tile-path",
        seeds: ["tile/0/000", "tile/63/x001/x234/067", "tile/entries/x001/234.p/255"]
    ) { text throws(BrokenPromise) in
        guard let tile = Tile(path: text) else { return false }
        try BrokenPromise.unlessSame(text, tile.path, "A path")
        return true
    }

    private static let bundle = FuzzTarget(
        "entry-bundle",
        bytes: [[], [0, 0], [0, 2, 1, 2, 0, 1, 3]]
    ) { bytes throws(BrokenPromise) in
        guard let entries = EntryBundle.entries(in: bytes) else { return false }
        try BrokenPromise.unlessSame(bytes, EntryBundle.bytes(of: entries), "A bundle")
        return true
    }

    private static let entry = FuzzTarget(
        "record-entry",
        seeds: [
            #"{"type":"read","time":"2026-01-31T08:00:00Z","state":0}"#,
            #"{"type":"policy","time":"2026-01-31T08:00:00Z","state":7,"details":{"id":"urn:p"}}"#,
        ]
    ) { text throws(BrokenPromise) in
        let bytes = Array(text.utf8)
        guard let entry = try? RecordEntry(bytes) else { return false }
        try BrokenPromise.unlessSame(bytes, entry.bytes, "An entry")
        return true
    }

    private static let opening = FuzzTarget(
        "entry-opening",
        seeds: [
            #"{"subject":"urn:s","party":"urn:p","time":"2026-01-31T08:00:00Z","entities":["urn:e"]}"#
        ]
    ) { text throws(BrokenPromise) in
        let bytes = Array(text.utf8)
        guard let opening = try? Opening(bytes) else { return false }
        try BrokenPromise.unlessSame(bytes, opening.bytes, "An opening")
        return true
    }
}
