import Glibc
import Synchronization

/// A POSIX extended regular expression (IEEE 1003.2, as clause 4.9 demands), checked when made.
///
/// It matches when it is found anywhere in the text; `^` and `$` tie it to the ends. Bytes of UTF-8
/// are compared: `.` is one byte. Back-references are refused, for they take exponential time.
package struct Pattern: Sendable {
    package let text: String
    private let compiled: CompiledPattern

    /// Bytes of a pattern.
    package static let maximumBytes = 512
    /// Characters of a pattern once its `{m,n}` and `+` are written out.
    package static let maximumExpandedSize = 1_024
    /// Bytes of a text that is searched; a longer one never matches.
    package static let maximumInputBytes = 4_096

    /// Compiles the pattern, or says in a sentence why it is none.
    package init(_ text: String) throws(PatternError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw PatternError("The pattern is longer than \(Self.maximumBytes) bytes.")
        }
        try PatternCheck.check(Array(text.utf8))
        self.text = text
        compiled = try CompiledPattern(text)
    }

    /// Whether the pattern is found in the input.
    package func matches(_ input: String) -> Bool {
        input.utf8.count <= Self.maximumInputBytes && compiled.isFound(in: input)
    }
}

extension Pattern: Hashable {
    package static func == (a: Pattern, b: Pattern) -> Bool { a.text == b.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// Why a text is no pattern.
package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Owns a compiled `regex_t`.
///
/// Unchecked, because the compiler cannot see that `lock` guards both variables. glibc takes a
/// lock of its own for each search, so this one costs no concurrency.
private final class CompiledPattern: @unchecked Sendable {
    /// Bytes searched before compiling anew.
    ///
    /// glibc keeps the states it makes while searching, one
    /// a byte for a hostile pattern, and frees them only with the pattern.
    private static let maximumSearchedBytes = 32_768

    private let anchored: String
    private let lock = Mutex(())
    private var regex = regex_t()
    private var searchedBytes = 0

    init(_ text: String) throws(PatternError) {
        // One anchored pass finds the pattern wherever it starts. Without the prefix glibc would
        // try each start anew, which takes quadratic time on a hostile text.
        anchored = text.isEmpty ? "^" : "^(.|\n)*(\(text))"
        let code = regcomp(&regex, anchored, REG_EXTENDED | REG_NOSUB)
        guard code == 0 else { throw PatternError(Self.message(code)) }
    }

    deinit { regfree(&regex) }

    /// Whether it is found; a text with U+0000 in it is none that POSIX patterns speak about.
    func isFound(in input: String) -> Bool {
        guard !input.utf8.contains(0) else { return false }
        return lock.withLock { _ in
            forgetStates(beforeSearching: input.utf8.count)
            return regexec(&regex, input, 0, nil, 0) == 0
        }
    }

    /// Takes a fresh copy once enough was searched; without memory for one, the old one stays.
    private func forgetStates(beforeSearching bytes: Int) {
        searchedBytes += bytes
        guard searchedBytes > Self.maximumSearchedBytes else { return }
        var fresh = regex_t()
        guard regcomp(&fresh, anchored, REG_EXTENDED | REG_NOSUB) == 0 else { return }
        regfree(&regex)
        regex = fresh
        searchedBytes = bytes
    }

    /// What the library says is wrong, as a sentence.
    private static func message(_ code: Int32) -> String {
        var unused = regex_t()
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            regerror(code, &unused, buffer.baseAddress, buffer.count)
            let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return "The pattern is not well written: \(String(decoding: text, as: UTF8.self))."
        }
    }
}

/// Looks through a pattern for what would make it slow or huge.
private enum PatternCheck {
    static func check(_ bytes: [UInt8]) throws(PatternError) {
        var groups = [0]  // size of each open group
        var lastAtom = 0
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0:
                throw PatternError("The pattern has the character U+0000 in it.")
            case UInt8(ascii: "\\"):
                index += 1
                if index < bytes.count, (0x30...0x39).contains(bytes[index]) {
                    throw PatternError("Back-references such as \\1 are not supported.")
                }
                lastAtom = 1
                groups[groups.count - 1] += 1
            case UInt8(ascii: "["):
                index = endOfBracket(bytes, from: index)
                lastAtom = 1
                groups[groups.count - 1] += 1
            case UInt8(ascii: "("):
                groups.append(1)
            case UInt8(ascii: ")"):
                // A `)` too many would close the group that `CompiledPattern` puts around.
                guard groups.count > 1, let size = groups.popLast() else {
                    throw PatternError("A parenthesis is closed that was not opened.")
                }
                lastAtom = size
                groups[groups.count - 1] += size
            case UInt8(ascii: "{"):
                let extra = lastAtom * (largestCount(bytes, from: index) - 1)
                groups[groups.count - 1] += extra
                lastAtom += extra
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
                // IEEE 1003.2 leaves the meaning of `a**` undefined, so it is refused.
                if index > 0, bytes[index - 1] == UInt8(ascii: "*") {
                    throw PatternError("The pattern repeats a repetition, as in a**.")
                }
                // glibc writes `a+` out as `aa*`, and so `((a+)+)+` grows without end.
                if bytes[index] == UInt8(ascii: "+") {
                    groups[groups.count - 1] += lastAtom
                    lastAtom *= 2
                }
            default:
                lastAtom = 1
                groups[groups.count - 1] += 1
            }
            guard groups[groups.count - 1] <= Pattern.maximumExpandedSize else {
                throw PatternError("The repetitions of the pattern, {m,n} or +, are too large.")
            }
            index += 1
        }
        guard groups.count == 1 else { throw PatternError("A parenthesis is not closed.") }
    }

    /// The larger of the counts in `{m,n}`, at least one, without overflow.
    private static func largestCount(_ bytes: [UInt8], from start: Int) -> Int {
        var largest = 1
        var count = 0
        for byte in bytes[(start + 1)...] {
            if (0x30...0x39).contains(byte) {
                count = min(count * 10 + Int(byte - 0x30), Pattern.maximumExpandedSize + 2)
                largest = max(largest, count)
            } else if byte == UInt8(ascii: ",") {
                count = 0
            } else {
                break
            }
        }
        return largest
    }

    /// Where the `]` of a bracket expression stands; the end when there is none.
    private static func endOfBracket(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "^") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1 }
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            // [:class:], [.collating.] and [=equivalence=] hold a ] of their own.
            if bytes[index] == UInt8(ascii: "["), index + 1 < bytes.count,
                [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(bytes[index + 1])
            {
                let mark = bytes[index + 1]
                index += 2
                while index + 1 < bytes.count,
                    !(bytes[index] == mark && bytes[index + 1] == UInt8(ascii: "]"))
                {
                    index += 1
                }
                index += 1
            }
            index += 1
        }
        return index
    }
}
