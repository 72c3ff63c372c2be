/// Archives with false or excessive contents.
extension Archive {
    /// An archive with this many entries, all of the same empty file.
    package static func listing(_ count: Int) -> [UInt8] {
        let name = Array("a".utf8)
        let file = long(0x0403_4B50) + common(name, checksum: 0, compressed: 0, 0, extra: 0) + name
        let entry = entry(name, common(name, checksum: 0, compressed: 0, 0, extra: 0))
        var bytes = file
        bytes.reserveCapacity(bytes.count + entry.count * count + 100)
        for _ in 0..<count { bytes += entry }
        return bytes + end(count, entry.count * count, at: file.count)
    }

    /// An archive that announces a number of entries and the bytes of its directory, and has no
    /// entries.
    package static func promising(entries: Int, bytes: Int) -> [UInt8] {
        // Some bytes come first, so that there may be a directory.
        let start = [UInt8](repeating: 0, count: 64)
        return start + end(entries, bytes, at: 0, recordAt: start.count)
    }

    /// An archive with these files, which announces for each that it unpacks to this many bytes.
    package static func claiming(
        _ bytes: UInt64,
        for files: [(name: String, content: String)]
    ) -> [UInt8] {
        var (body, directory) = ([UInt8](), [UInt8]())
        for file in files {
            let (name, content) = (Array(file.name.utf8), Array(file.content.utf8))
            let size = short(1) + short(8) + number(bytes)
            let common = common(
                name,
                checksum: checksum(content),
                compressed: UInt32(content.count),
                .max,
                extra: size.count
            )
            directory += entry(name, common, at: body.count) + size
            body += long(0x0403_4B50) + common + name + size + content
        }
        return body + directory + end(files.count, directory.count, at: body.count)
    }

    /// The files that a feed must have, almost empty.
    package static let smallFeed = [
        (name: "agency.txt", content: "agency_id,agency_name\na,A\n"),
        (name: "stops.txt", content: "stop_id\na\n"),
        (name: "routes.txt", content: "route_id,route_type\nr,3\n"),
        (name: "trips.txt", content: "route_id,service_id,trip_id\nr,s,t\n"),
        (name: "stop_times.txt", content: "trip_id,stop_id\n"),
    ]

    /// An archive with a file of very many line ends, compressed to less than a hundredth, which
    /// it announces as one byte long.
    ///
    /// The file does not end, so that its reader stops before.
    package static func lineEnds(mebibytes: Int, in file: String) -> [UInt8] {
        // One block of the fixed codes of RFC 1951: a line end, and 258 repetitions of it, eight
        // of which take thirteen bytes.
        var bits = [1, 1, 0] + code(0b0011_1010, 8)
        for _ in 0..<24 { bits += code(0b1_1000_1010_0000, 13) }
        let bytes = stride(from: 0, to: bits.count - 7, by: 8).map { start in
            bits[start..<start + 8].reversed().reduce(UInt8(0)) { $0 << 1 | UInt8($1) }
        }
        var content = Array(bytes[..<2])
        for _ in 0..<(mebibytes << 20) / (258 * 8) { content += bytes[2..<15] }
        let name = Array(file.utf8)
        let common = common(
            name,
            method: 8,
            checksum: 0,
            compressed: UInt32(content.count),
            1,
            extra: 0
        )
        let head = long(0x0403_4B50) + common + name
        let entry = entry(name, common)
        return head + content + entry + end(1, entry.count, at: head.count + content.count)
    }

    private static func code(_ code: Int, _ count: Int) -> [Int] {
        (0..<count).reversed().map { code >> $0 & 1 }
    }

    /// The common part of a file and its entry.
    private static func common(
        _ name: [UInt8],
        method: UInt16 = 0,
        checksum: UInt32,
        compressed: UInt32,
        _ size: UInt32,
        extra: Int
    ) -> [UInt8] {
        short(45) + short(0) + short(method) + long(0) + long(checksum) + long(compressed)
            + long(size) + short(UInt16(name.count)) + short(UInt16(extra))
    }

    private static func entry(_ name: [UInt8], _ common: [UInt8], at place: Int = 0) -> [UInt8] {
        long(0x0201_4B50) + short(45) + common + short(0) + short(0) + short(0) + long(0)
            + long(UInt32(place)) + name
    }

    /// The end of a directory with this many entries and bytes, in the long form.
    private static func end(
        _ entries: Int,
        _ bytes: Int,
        at place: Int,
        recordAt recordPlace: Int? = nil
    ) -> [UInt8] {
        let record =
            long(0x0606_4B50) + number(44) + short(45) + short(45) + long(0) + long(0)
            + number(UInt64(entries)) + number(UInt64(entries)) + number(UInt64(bytes))
            + number(UInt64(place))
        let recordPlace = recordPlace ?? place + bytes
        let locator = long(0x0706_4B50) + long(0) + number(UInt64(recordPlace)) + long(1)
        let most = short(.max) + short(.max) + long(.max) + long(.max)
        return record + locator + long(0x0605_4B50) + short(0) + short(0) + most + short(0)
    }

    private static func number(_ number: UInt64) -> [UInt8] {
        long(UInt32(truncatingIfNeeded: number)) + long(UInt32(truncatingIfNeeded: number >> 32))
    }
}
