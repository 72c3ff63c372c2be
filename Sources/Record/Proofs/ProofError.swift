/// Why something that claims to be in the record is not believed.
package struct ProofError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Code: String, Sendable, Hashable {
        /// A key, note, checkpoint, proof, entry or opening is not written as its standard says.
        case malformed
        /// No given key is the key of the record that the checkpoint names.
        case unknownRecord
        /// A signature by a known key is wrong.
        case wrongSignature
        /// Too few of the given witnesses have signed the checkpoint.
        case tooFewWitnesses
        /// The entry is not in the tree of the checkpoint.
        case notInTree
        /// The opening is not what the entry was made of.
        case notInEntry
        /// Two checkpoints of one size differ, or a later one does not go on from an earlier one.
        case forked
        /// A later entry was decided on a state that does not include an earlier one.
        case olderState
        /// An entry gives a time at which witnesses saw the record without it.
        case backDated
    }
    package var code: Code
    /// A sentence for whoever checks.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Equal by code, so that tests stay short.
extension ProofError: Equatable {
    package static func == (a: ProofError, b: ProofError) -> Bool { a.code == b.code }
}
