/// The bytes of a request, made once; its numbers are written over in place.
///
/// In the text a run of `#` stands for the digits of the first number and a run of `~` for those
/// of the second, both with leading zeros.
struct Request {
    private(set) var bytes: [UInt8]
    private let firstHoles: [Range<Int>]
    private let secondHoles: [Range<Int>]

    init(_ method: String, _ path: String, headers: [String] = [], body: String? = nil) {
        bytes =
            Self.head(method, path, headers: headers, bodyBytes: body?.utf8.count)
            + Array((body ?? "").utf8)
        firstHoles = Self.runs(of: UInt8(ascii: "#"), in: bytes)
        secondHoles = Self.runs(of: UInt8(ascii: "~"), in: bytes)
    }

    /// Only the text itself, as a part of something larger.
    init(raw text: String) {
        bytes = Array(text.utf8)
        firstHoles = Self.runs(of: UInt8(ascii: "#"), in: bytes)
        secondHoles = Self.runs(of: UInt8(ascii: "~"), in: bytes)
    }

    static func head(
        _ method: String,
        _ path: String,
        headers: [String] = [],
        bodyBytes: Int?
    )
        -> [UInt8]
    {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
        if let bodyBytes {
            text += "Content-Type: application/json\r\nContent-Length: \(bodyBytes)\r\n"
        }
        for header in headers { text += "\(header)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// The bytes with the numbers in place.
    mutating func callAsFunction(_ first: Int = 0, _ second: Int = 0) -> [UInt8] {
        for hole in firstHoles { write(first, to: hole) }
        for hole in secondHoles { write(second, to: hole) }
        return bytes
    }

    private mutating func write(_ number: Int, to hole: Range<Int>) {
        var rest = number
        for index in hole.reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    private static func runs(of byte: UInt8, in bytes: [UInt8]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for index in bytes.indices where bytes[index] == byte {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<(index + 1)
            } else {
                runs.append(index..<(index + 1))
            }
        }
        return runs
    }
}
