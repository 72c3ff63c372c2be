/// A reader of input from outside: inputs to start with, and a check that holds for any input.
///
/// It must never stop the program: `make test` calls it with some mutations of the seeds, `make
/// fuzz` with libFuzzer.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Inputs that are accepted.
    package let seeds: [[UInt8]]
    /// Reads the bytes; returns whether they were accepted, and throws when accepted bytes do not
    /// read back as themselves.
    package let read: @Sendable ([UInt8]) throws(BrokenPromise) -> Bool

    init(
        _ name: String,
        bytes seeds: [[UInt8]],
        read: @escaping @Sendable ([UInt8]) throws(BrokenPromise) -> Bool
    ) {
        self.name = name
        self.seeds = seeds
        self.read = read
    }

    /// A reader of texts; bytes that are not UTF-8 are not passed to it.
    init(
        _ name: String,
        seeds: [String],
        read: @escaping @Sendable (String) throws(BrokenPromise) -> Bool
    ) {
        self.init(name, bytes: seeds.map { Array($0.utf8) }) { bytes throws(BrokenPromise) in
            guard let text = String(validating: bytes, as: UTF8.self) else { return false }
            return try read(text)
        }
    }

    /// A reader of several parameters, one on each line.
    init(
        _ name: String,
        parameters seeds: [String],
        read: @escaping @Sendable (Parameters) throws(BrokenPromise) -> Bool
    ) {
        self.init(name, seeds: seeds) { text throws(BrokenPromise) in
            try read(
                Parameters(lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            )
        }
    }

    package static let all: [FuzzTarget] =
        jsonTargets + conditionTargets + textTargets
        + recordTargets + sourceTargets + packetTargets + fileTargets
}

extension FuzzTarget: CustomStringConvertible {
    package var description: String { name }
}

/// The values of a reader's parameters.
struct Parameters {
    var lines: [Substring]

    /// The parameter's value, empty when there is none.
    subscript(index: Int) -> String { optional(index) ?? "" }

    /// The parameter's value, if it is given.
    func optional(_ index: Int) -> String? {
        index < lines.count && !lines[index].isEmpty ? String(lines[index]) : nil
    }
}

/// A promise that a reader did not keep.
package struct BrokenPromise: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    /// Throws unless the two are equal.
    static func unlessSame<Value: Equatable>(
        _ first: Value,
        _ second: Value?,
        _ what: String
    ) throws(BrokenPromise) {
        if first != second {
            throw BrokenPromise("\(what): \(first), then \(second.map { "\($0)" } ?? "nothing")")
        }
    }
}
