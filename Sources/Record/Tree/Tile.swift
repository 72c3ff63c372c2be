/// A part of a tree or of its entries that is served as one file (C2SP tlog-tiles).
package struct Tile: Sendable, Hashable {
    /// Levels of the tree in one tile.
    package static let height = 8
    /// Hashes or entries of a full tile.
    package static let fullWidth = 256
    /// The highest level that a path may name.
    static let highestLevel = 63

    /// What the tile holds: hashes of a level of tiles, or entries.
    package enum Content: Sendable, Hashable {
        case hashes(level: Int)
        case entries
    }
    package var content: Content
    package var index: Int
    /// Hashes or entries in it: 1 to 256.
    package var width: Int

    package init(_ content: Content, index: Int, width: Int = fullWidth) {
        self.content = content
        self.index = index
        self.width = width
    }

    /// How many hashes or entries the tile has in a tree of this size; 0 when there is no such tile.
    package static func width(_ content: Content, index: Int, size: Int) -> Int {
        let level = if case .hashes(let level) = content { level } else { 0 }
        guard level * height < Int.bitWidth - 1 else { return 0 }
        let hashes = size >> (level * height)
        return min(max(hashes - index * fullWidth, 0), fullWidth)
    }
}

// MARK: - Paths

extension Tile {
    /// `tile/0/x001/234`, `tile/entries/000.p/7` and the like.
    package var path: String {
        var groups = [Self.threeDigits(index % 1_000)]
        var rest = index / 1_000
        while rest > 0 {
            groups.insert("x" + Self.threeDigits(rest % 1_000), at: 0)
            rest /= 1_000
        }
        let place = if case .hashes(let level) = content { String(level) } else { "entries" }
        let partial = width < Self.fullWidth ? ".p/\(width)" : ""
        return "tile/\(place)/\(groups.joined(separator: "/"))\(partial)"
    }

    /// Reads a path; nil when it is not written as the standard says.
    package init?(path: some StringProtocol) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)[...]
        guard parts.popFirst() == "tile", let place = parts.popFirst() else { return nil }
        if place == "entries" {
            content = .entries
        } else if let level = DecimalNumber.read(place), level <= Self.highestLevel {
            content = .hashes(level: level)
        } else {
            return nil
        }
        width = Self.fullWidth
        if parts.count > 1, parts[parts.endIndex - 2].hasSuffix(".p"), let last = parts.popLast() {
            guard let width = DecimalNumber.read(last), 1..<Self.fullWidth ~= width else {
                return nil
            }
            self.width = width
            parts[parts.endIndex - 1] = parts[parts.endIndex - 1].dropLast(2)
        }
        guard let index = Self.index(parts) else { return nil }
        self.index = index
    }

    /// Reads `x001`, `234` and the like; at most as many as an index of a tree needs.
    private static func index(_ groups: ArraySlice<some StringProtocol>) -> Int? {
        guard 1...6 ~= groups.count, groups.count == 1 || groups.first != "x000" else {
            return nil
        }
        var index = 0
        for (place, group) in zip(groups.indices, groups) {
            let isLast = place == groups.endIndex - 1
            guard isLast != group.hasPrefix("x") else { return nil }
            let digits = isLast ? group[...] : group.dropFirst()
            guard digits.utf8.count == 3, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
                let number = Int(digits)
            else { return nil }
            index = index * 1_000 + number
        }
        return index
    }

    private static func threeDigits(_ number: Int) -> String {
        String(String(1_000 + number).dropFirst())
    }
}

/// Numbers as the standards write them: decimal digits without leading zeroes.
enum DecimalNumber {
    /// Nil for anything else, and for what is larger than an `Int`.
    static func read(_ text: some StringProtocol) -> Int? {
        guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), text == "0" || !text.hasPrefix("0")
        else { return nil }
        return Int(text)
    }
}

// MARK: - Bundles of entries

/// The entries of a tile, each behind its length in two bytes, the higher first.
package enum EntryBundle {
    /// Bytes of the longest entry.
    package static let maximumEntryBytes = 65_535

    package static func bytes(of entries: some Sequence<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes.append(UInt8(entry.count >> 8))
            bytes.append(UInt8(entry.count & 0xFF))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// Nil when an entry is cut off.
    package static func entries(in bytes: [UInt8]) -> [[UInt8]]? {
        var rest = bytes[...]
        var entries: [[UInt8]] = []
        while let high = rest.popFirst() {
            guard let low = rest.popFirst() else { return nil }
            let count = Int(high) << 8 | Int(low)
            guard rest.count >= count else { return nil }
            entries.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return entries
    }
}
