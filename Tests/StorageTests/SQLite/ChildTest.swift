import Glibc
import Testing

/// One test of this program, in a process of its own that can be killed.
enum ChildTest {
    /// Starts the program again, told to run the test with this name alone, with these variables alone.
    static func spawn(_ name: String, _ environment: [String: String]) throws -> pid_t {
        let words = [try program(), "--testing-library", "swift-testing", "--filter", name]
        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var child = pid_t()
        let result = posix_spawn(&child, words[0], nil, nil, &arguments, &variables)
        try #require(result == 0)
        return child
    }

    /// A library of the build, which lies beside the program.
    static func library(_ name: String) throws -> String {
        let program = try program()
        let folder = program[..<(program.lastIndex(of: "/") ?? program.startIndex)]
        let path = "\(folder)/\(name)"
        try #require(access(path, R_OK) == 0)
        return path
    }

    private static func program() throws -> String {
        let program = try #require(realpath("/proc/self/exe", nil))
        defer { free(program) }
        return String(cString: program)
    }

    /// The whole lines of a file; none when there is no file.
    static func lines(of path: String) -> [String] {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
        let count = pread(file, &bytes, bytes.count, 0)
        // A line without its end was being written when the process died.
        let lines = String(decoding: bytes[0..<max(count, 0)], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return lines.map(String.init)
    }
}
