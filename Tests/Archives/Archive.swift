/// An archive of uncompressed files, as a malicious program might create it.
package enum Archive {
    /// The archive of the files.
    package static func bytes(_ files: [(name: String, content: [UInt8])]) -> [UInt8] {
        var (body, directory) = ([UInt8](), [UInt8]())
        for (name, content) in files {
            let place = UInt32(body.count)
            let common =
                short(20) + short(0) + short(0) + long(0) + long(checksum(content))
                + long(UInt32(content.count)) + long(UInt32(content.count))
                + short(UInt16(name.utf8.count)) + short(0)
            body += long(0x0403_4B50) + common + Array(name.utf8) + content
            directory += long(0x0201_4B50) + short(20) + common + short(0) + short(0) + short(0)
            directory += long(0) + long(place) + Array(name.utf8)
        }
        let count = short(UInt16(files.count))
        let end = long(UInt32(directory.count)) + long(UInt32(body.count)) + short(0)
        return body + directory + long(0x0605_4B50) + short(0) + short(0) + count + count + end
    }

    static func short(_ number: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
    }

    static func long(_ number: UInt32) -> [UInt8] {
        short(UInt16(truncatingIfNeeded: number)) + short(UInt16(truncatingIfNeeded: number >> 16))
    }

    /// CRC-32, as in archives.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
        return ~sum
    }

    private static let table = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
}
