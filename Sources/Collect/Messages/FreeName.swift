extension Set<String> {
    /// Takes the name, or with a number behind it the first one that nobody has taken; returns the name taken.
    mutating func take(_ name: String) -> String {
        var (free, count) = (name, 1)
        while !insert(free).inserted {
            count += 1
            free = "\(name)_\(count)"
        }
        return free
    }
}
