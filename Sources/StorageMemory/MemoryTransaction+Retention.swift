internal import ContextModel
internal import Storage

/// Removal of old history.
extension MemoryTransaction {
    /// Removes or thins history by the rules; returns the number of instances removed.
    func retain(_ rules: [RetentionRule], now: Timestamp) -> Int {
        var removed = 0
        for stored in state.entities.elements {
            guard let rule = rules.first(for: stored.entity.types) else { continue }
            let cutoff = now.microseconds - rule.ageMicroseconds
            var rest = stored
            for (series, instances) in stored.history {
                var pass = RetentionPass(rule.effect)
                let kept = instances.filter { $0.time >= cutoff || pass.keeps($0.time) }
                guard kept.count < instances.count else { continue }
                rest.history[series] = kept.isEmpty ? nil : kept
                removed += instances.count - kept.count
            }
            self[stored.entity.id] = rest
        }
        return removed
    }
}
