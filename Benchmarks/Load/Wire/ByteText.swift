import Glibc

extension UnsafeRawBufferPointer {
    /// Where the text begins, at or after `start`.
    func offset(of text: StaticString, from start: Int = 0) -> Int? {
        offset(
            of: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount),
            start
        )
    }

    func offset(of text: [UInt8], from start: Int = 0) -> Int? {
        text.withUnsafeBytes { offset(of: $0, start) }
    }

    private func offset(of needle: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        guard let base = baseAddress, let wanted = needle.baseAddress, start <= count,
            let first = needle.first
        else { return nil }
        var position = start
        while count - position >= needle.count,
            let found = memchr(base + position, Int32(first), count - position)
        {
            position = UnsafeRawPointer(found) - base
            guard count - position >= needle.count else { return nil }
            if memcmp(found, wanted, needle.count) == 0 { return position }
            position += 1
        }
        return nil
    }

    func contains(_ text: String) -> Bool { offset(of: Array(text.utf8)) != nil }

    /// How often the text stands here.
    func occurrences(of text: String) -> Int {
        let needle = Array(text.utf8)
        var found = 0
        var start = 0
        while let offset = offset(of: needle, from: start) {
            found += 1
            start = offset + needle.count
        }
        return found
    }

    /// The decimal number that begins at `start`; nil when none does.
    func number(at start: Int) -> Int? {
        var value: Int?
        for byte in self[Swift.min(start, count)...] {
            guard byte >= 0x30, byte <= 0x39 else { break }
            value = (value ?? 0) &* 10 &+ Int(byte - 0x30)
        }
        return value
    }
}
