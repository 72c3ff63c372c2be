import Collect

/// The documents to which the feeds of an address lead, such as those of alerts.
struct FollowedDocuments {
    /// The most documents that are asked for each time the address is.
    static let maximumDocuments = 500

    /// The versions that were taken, by their addresses.
    private var taken: [String: String] = [:]
    private var current: [String: String] = [:]
    private(set) var asked = 0
    private(set) var failures = 0
    private var firstFailure: String?

    /// Whether all documents were taken, so that an unchanged feed says nothing new.
    var isComplete: Bool { failures == 0 && asked < Self.maximumDocuments }

    mutating func begin() {
        (current, asked, failures, firstFailure) = ([:], 0, 0, nil)
    }

    /// Whether the document is to be asked for now.
    mutating func needs(_ link: AlertFeed.Link) -> Bool {
        guard taken[link.address] != link.version else {
            current[link.address] = link.version
            return false
        }
        guard asked < Self.maximumDocuments else { return false }
        asked += 1
        return true
    }

    mutating func take(_ link: AlertFeed.Link) {
        taken[link.address] = link.version
        current[link.address] = link.version
    }

    mutating func fail(_ reason: String) {
        failures += 1
        firstFailure = firstFailure ?? reason
    }

    /// Forgets documents that no feed leads to any more.
    mutating func end() { taken = current }

    /// What became of the documents; empty when there was none to ask for.
    var sentence: String {
        guard asked > 0 else { return "" }
        let failed = firstFailure.map { " \(failures) of them cannot be had: \($0)" } ?? ""
        return " Asked for \(asked) documents.\(failed)"
    }
}
