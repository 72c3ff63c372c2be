/// The changes of the vocabulary by the present transaction, to undo them, or to show them to
/// readers at the right time.
struct VocabularyLog {
    private struct Step {
        var entry: Vocabulary.Entry
        var number: Int64
        var isRemoval: Bool
    }
    private var steps: [Step] = []
    /// The first step of the present request.
    private var requestStart = 0
    /// The numbers of removed entries, which are used again when the same transaction needs such
    /// an entry.
    private(set) var takenNames: [String: Int64] = [:]
    private(set) var takenShapes: [Shape: Int64] = [:]
    private(set) var takenForms: [[UInt8]: Int64] = [:]

    /// Begins the next request.
    mutating func beginRequest() { requestStart = steps.count }

    mutating func noteAddition(_ entry: Vocabulary.Entry, number: Int64) {
        steps.append(Step(entry: entry, number: number, isRemoval: false))
    }

    mutating func noteRemoval(_ entry: Vocabulary.Entry, number: Int64) {
        steps.append(Step(entry: entry, number: number, isRemoval: true))
        switch entry {
        case .name(let name): takenNames[name] = number
        case .shape(let shape): takenShapes[shape] = number
        case .form(let body, _): takenForms[body] = number
        }
    }

    /// Undoes the steps of the present request.
    mutating func undoRequest(in vocabulary: inout Vocabulary) {
        while steps.count > requestStart, let step = steps.popLast() {
            if step.isRemoval {
                vocabulary.add(step.entry, number: step.number)
            } else {
                vocabulary.remove(step.entry, number: step.number)
            }
        }
    }

    /// Undoes the steps of the whole transaction, which readers may have seen.
    mutating func undo(in vocabulary: inout Vocabulary, shown: inout Vocabulary) {
        let undone = steps
        requestStart = 0
        undoRequest(in: &vocabulary)
        for step in undone where !vocabulary.has(step.entry, number: step.number) {
            shown.remove(step.entry, number: step.number)
        }
        self = VocabularyLog()
    }

    /// Shows the additions to readers, before the commit: they must know a name before they can
    /// meet a row that uses it.
    func showAdditions(in shown: inout Vocabulary) {
        for step in steps where !step.isRemoval { shown.add(step.entry, number: step.number) }
    }

    /// Removes entries from the readers' vocabulary, after the commit: until then, rows in the
    /// file may use them.
    func showRemovals(of vocabulary: Vocabulary, in shown: inout Vocabulary) {
        var hasRemoved = false
        for step in steps where step.isRemoval && !vocabulary.has(step.entry, number: step.number) {
            shown.remove(step.entry, number: step.number)
            hasRemoved = true
        }
        if hasRemoved { shown.removals += 1 }
    }

    var isEmpty: Bool { steps.isEmpty }
}
