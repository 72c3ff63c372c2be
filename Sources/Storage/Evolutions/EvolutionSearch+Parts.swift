import ContextModel

/// Long histories in parts, for downloads.
extension EvolutionSearch {
    /// Reads a part: all instances from `start` on, in the order in which they are stored, until one of
    /// the series has more of them than its share of the page.
    func readPart(of found: Found, from start: Int64, into page: inout EvolutionPage) throws {
        let keys = try found.reduce(0) { $0 + (try visibleKeys(of: $1).count) }
        var limit = max(1, query.pageLimit / max(1, keys))
        while true {
            var (size, end) = (AnswerSize(), Int64.max)
            page.evolutions = try found.map { seen in
                try evolution(of: seen, limit: limit, size: &size) { read in
                    if read.count > limit { end = min(end, read[limit].time) }
                }
            }
            page.storedBytes = size.taken
            guard end < Int64.max else { return }
            if end > start {
                page.remove(from: end)
                page.nextPart = Timestamp(microseconds: end)
                return
            }
            // More instances than that are of the moment at which the part begins.
            limit *= 2
        }
    }
}
