/// A feed (Atom, RFC 4287, or RSS) whose entries lead to documents of CAP.
package struct AlertFeed: Sendable, Equatable {
    /// A document to which an entry leads.
    package struct Link: Sendable, Hashable {
        package var address: String
        /// What changes with the document: when the entry says that it was updated.
        package var version: String
    }

    /// The most entries that are looked at.
    static let maximumEntries = 10_000

    package var links: [Link] = []
    /// Whether alerts stand in the feed itself.
    package var hasAlerts = false

    /// Returns nil for a document that is no feed.
    package init?(_ bytes: [UInt8]) {
        do throws(SourceError) {
            let text = try XMLEncoding.utf8(bytes, name: "feed")
            var xml = XMLReader(MemoryBytes(text, name: "feed"))
            guard try read(&xml) else { return nil }
        } catch {
            return nil
        }
    }

    private enum Place { case none, link, version }

    /// Returns whether the document is a feed.
    private mutating func read(_ xml: inout XMLReader) throws(SourceError) -> Bool {
        var isFeed = false
        var entry: Entry?
        var place = Place.none
        while let token = try xml.next() {
            switch token {
            case .start(let name, let attributes):
                if !isFeed {
                    guard ["feed", "rss", "RDF"].contains(name) else { return false }
                    isFeed = true
                }
                if name == "alert" { hasAlerts = true }
                if name == "entry" || name == "item" {
                    entry = Entry()
                } else if name == "link" {
                    entry?.add(attributes)
                    place = .link
                } else {
                    place = name == "updated" || name == "pubDate" ? .version : .none
                }
            case .text(let text):
                if place == .link { entry?.text += text }
                if place == .version { entry?.version += text }
            case .end(let name):
                place = .none
                guard name == "entry" || name == "item" else { continue }
                if let link = entry?.link, links.count < Self.maximumEntries { links.append(link) }
                entry = nil
            }
        }
        return isFeed
    }

    private struct Entry {
        var addresses: [(address: String, isAlert: Bool)] = []
        /// The text of an RSS item's `link`.
        var text = ""
        var version = ""

        mutating func add(_ attributes: [XMLReader.Attribute]) {
            func value(_ name: String) -> String? { attributes.first { $0.name == name }?.value }
            guard let address = value("href"), ["alternate", nil, "related"].contains(value("rel"))
            else { return }
            addresses.append((address, value("type") == "application/cap+xml"))
        }

        /// The document of CAP where the entry says which it is, else its first link.
        var link: Link? {
            let plain = text.split(whereSeparator: \.isWhitespace).joined()
            let address =
                (addresses.first { $0.isAlert } ?? addresses.first)?.address
                ?? (plain.isEmpty ? nil : plain)
            return address.map { Link(address: $0, version: version) }
        }
    }
}
