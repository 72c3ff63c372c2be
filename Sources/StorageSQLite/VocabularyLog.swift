/// What a transaction has done to the vocabulary so far, so that it can be undone, and shown to
/// readers when they may see it.
struct VocabularyLog {
    private struct Step {
        var entry: Vocabulary.Entry
        var number: Int64
        var isRemoval: Bool
    }
    private var steps: [Step] = []
    /// Where the steps of the request begin that runs now.
    private var requestStart = 0
    /// Numbers of what was taken out: whoever needs one of them in the same transaction gets the
    /// number it had.
    private(set) var takenNames: [String: Int64] = [:]
    private(set) var takenShapes: [Shape: Int64] = [:]
    private(set) var takenForms: [[UInt8]: Int64] = [:]

    /// The next request begins.
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

    /// Takes back what the request that runs now has done.
    mutating func undoRequest(in vocabulary: inout Vocabulary) {
        while steps.count > requestStart, let step = steps.popLast() {
            if step.isRemoval {
                vocabulary.add(step.entry, number: step.number)
            } else {
                vocabulary.remove(step.entry, number: step.number)
            }
        }
    }

    /// Takes back what all requests of the transaction have done, which readers may have seen.
    mutating func undo(in vocabulary: inout Vocabulary, shown: inout Vocabulary) {
        let undone = steps
        requestStart = 0
        undoRequest(in: &vocabulary)
        for step in undone where !vocabulary.has(step.entry, number: step.number) {
            shown.remove(step.entry, number: step.number)
        }
        self = VocabularyLog()
    }

    /// Shows readers what the transaction adds: before it is committed, for they must know a name
    /// before they can meet a row that uses it.
    func showAdditions(in shown: inout Vocabulary) {
        for step in steps where !step.isRemoval { shown.add(step.entry, number: step.number) }
    }

    /// Takes from readers what the transaction took out: after it is committed, for until then
    /// there are rows in the file that may use it.
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
